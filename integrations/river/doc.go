// Package memriver runs the jobs of a River queue where there is memory for them. A job is admitted when its estimate fits
// into what its host has left, and waits otherwise; a large one starts within a bound under a stream of small ones; one
// that is above every host's budget fails at once.
//
//	admission, err := memriver.New(ctx, pool, memriver.Config{Estimate: estimate})
//	defer admission.Close(context.WithoutCancel(ctx))
//	config.Middleware = append(config.Middleware, admission) // of river.NewClient
//
// Workers stay as they are. One that goes through package memacct takes its account from the job's context, [Account]: it
// is on a budget with exactly the job's lease, so that what was admitted is also held.
//
// # Hosts, processes and leases
//
// A host is memory that its processes share: a machine, or a cgroup around them. Its budget is the least that one of its
// processes finds, as memacct finds it, or is given. What running jobs have is in PostgreSQL as leases, beside River's
// tables in ones of our own, whose names begin with memriver_. Each decision is one transaction under the host's lock, so
// the leases of a host never sum up to more than its budget, by whatever processes it was asked.
//
// A lease ends with its job, by return, error, panic, [runtime.Goexit] or cancelled context. Each process shows that it
// lives by a heartbeat; the leases of one that shows nothing for two are not counted any more. Only the database's clock
// is asked, and only a process that itself showed up all that time counts others as dead: after the database was away, or
// its clock jumped, nothing is freed before everybody had two heartbeats to show up again. Jobs that run go on meanwhile;
// none is admitted.
//
// A process that runs and can't reach the database for two heartbeats while others of its host can is taken for dead,
// too. Give processes of one host the same way to it.
//
// # Estimates that learn
//
// A job gets the most of what its estimate says and what jobs with its key were seen to need: the peak of the account, and
// where a put was refused what that one would have needed, so that the next attempt gets more. A larger peak counts at
// once, of what whole runs do not need an eighth is forgotten with each. It is kept in the database; why a job gets as much
// is in the column why of its lease, and said by [Admission.Explain]. What was learned is never a reason to fail: more than
// the largest budget it is not.
//
// # Jobs whose process died
//
// The kernel kills a process and not a job, and the process can't say which job it was. So each job that a dead process had
// runs alone the next time: with all of its host's budget, and nothing beside it. One that dies alone, too, is cancelled,
// and its error has the end of its record, where [Config.Records] has them kept. A process that is killed by hand while jobs
// run counts as dead as well: stop River's client first. River takes up the jobs of a dead process after
// RescueStuckJobsAfter, an hour if it isn't set.
//
// # Waiting
//
// A job that may not run is snoozed, which costs no attempt: for a second at first, for up to 16 then. One waiting job a
// host stays in its worker and the room is kept for it, see [Config.Patience]. The rules and the bound are written down,
// and checked in every order of events, in the package internal/admit; the command internal/fleetsim plays 1,000 hosts
// through them.
//
// River's own timeout of a job begins when the job was admitted. Its RescueStuckJobsAfter does not, it begins when the job
// was fetched: leave room for what a large job may wait in its worker, that is as long as jobs run.
//
// # Cost
//
// A job takes two transactions, of nine and of up to three short statements, in six round trips: 3 ms in all with a server
// on the same machine (BenchmarkWork). One that is refused takes the first. A claimant asks again once a second, and
// whenever a job of its process ends; a heartbeat is one transaction.
package memriver
