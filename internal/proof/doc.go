// Command proof reruns programs until the claims about the process limit that syncbench sweep does not judge are proved or
// refuted, and prints one table. Each run is a process of its own, one at a time.
//
//	proof keep     where consumers keep something of every unit, memacct holds whatever a Go limit alone holds
//	proof speed    a limit costs next to no throughput, and a far one next to no processor time
//
// Exit codes: 0 proved, 1 refuted or failed, 2 wrong usage, 75 nothing was proved, because no cgroup can be made.
package main
