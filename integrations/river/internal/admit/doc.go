// Package admit decides which job may run on which host, by memory. It is pure: no goroutines, no clock, no database.
//
// A worker of a host has taken a job from the queue and asks. The job is admitted, or waits, or fails since no host will
// ever have room for it. Who asks in vain is put back into the queue (a snooze) and asks again somewhere later, but one
// job at a time and a host holds the [Host.Claim]: it stays where it is, and the host's room is kept for it. The claim is
// what a large job needs under a stream of small ones, and as it stays on its host it need not be lucky to come back to
// the one that was emptied for it.
//
// # Who goes first
//
// Waiting jobs have one order: River's priority, then who waits longest, then the lower number. The first of those that
// ask on a host takes its claim, from a later one too. Past the claimant gets in who is before it in that order, and for
// the time of [Rules.Patience] who has the same priority and fits. Nobody of a lower priority does.
//
// # The bound
//
// Let a job wait, and let no job of a higher priority come. Let A be the longest time between two of its asks on hosts
// that are large enough, P the patience, R the longest that any job runs, and k how many jobs were waiting before it when
// it came first. It starts after at most
//
//	(k + 1) × (A + P + R)
//
// For the first of the waiting jobs takes the claim of the host where it asks next, within A. Within P nobody passes it
// there any more, what runs there ends within R, and then it fits, as its size is not above that host's budget. The k
// before it go the same way one after another at the worst; later ones are not before it. Where P has passed when it asks
// it counts for nothing. The bound does not hold for jobs that wait since their group has all the workers it may: that
// is for as long as the group is given more.
//
// # Groups
//
// A group, such as the repositories of one customer, has at most [Rules.GroupShare] of a host's workers, and never the
// last one of two or more. A claimant holds a worker too. Jobs without a group are not counted.
package admit
