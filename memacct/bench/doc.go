// Command bench runs one piece of work through memacct and through what people use instead of it, each behind real
// memory cgroups, and prints who was killed, the memory and the time. What it compares with is kept out of the modules
// that users import.
//
//	cd memacct/bench && go run . [-limits 256MiB,128MiB,64MiB] [-orders shuffled,giants-in-four,giants-adjacent] [-units 50000] [-runs 3]
//
// The work is units of RPM metadata, made on the fly, of which the largest hundredth hold half of the bytes. One
// goroutine makes them, another saves them in batches of 500 at most: a save digests the bodies and waits for 2 ms, as
// for a database. All but memacct have GOMEMLIMIT at 90 % of the cgroup. Where a way has numbers that the user must
// choose, they were tuned by hand for these units, and grow with the limit.
package main
