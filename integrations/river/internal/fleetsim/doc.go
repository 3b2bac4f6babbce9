// Fleetsim plays a fleet that no machine at hand can show: by default 1,000 hosts and a million jobs of heavy-tailed sizes,
// in virtual time, through the very rules that package admit has for real ones. Beside them it plays what is used instead,
// limits by count, and the rules without claims.
//
//	go run ./integrations/river/internal/fleetsim [-hosts N] [-jobs N] [-alpha 1.2] [-load 0.7] [-seed N] [-json]
//
// Jobs come at random, to offer so large a part (load) of all hosts' memory over time. A job has from 256 MiB to 32 GiB, by
// a Pareto law of that alpha, and runs for 10 seconds and as long as it takes to read its size at 32 to 128 MiB/s. Half
// of the hosts have 8 GiB, three tenths 16 and the rest 32, and each has a worker for each 256 MiB. Every tenth job is of River's priority
// 1, the others of 2, and every second one is of the same group.
//
// It is River as memriver meets it: free workers fetch by priority and the time a job became available; one that may not
// run holds its worker for a second and is snoozed, for 1 second at first, for up to 16 then; for 1 where the host is too small. The same seed prints the
// same table on every machine.
package main
