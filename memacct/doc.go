// Package memacct keeps a content sync inside a memory budget.
//
// A sync has one producer, the first stage, and stages behind it that query, download and save. Put a [Gate]
// behind the first stage and a [Queue] behind every other one, all on one [Account] of a [Budget]. A unit is
// charged, in bytes, from the moment it enters the gate until the last stage is done with it. When the units
// in flight would exceed the budget, [Gate.Put] waits, and so the pipeline drains. Nothing else ever waits
// for memory: a later queue waits for a slot only, and a unit that grew downstream is charged as debt, which
// keeps the gate shut until it is gone.
//
// While somebody waits for memory there is pressure: every consumer that collects a batch hands on what it
// has, at its share of the budget, and at less than that only if nothing else can move. When nothing can
// move at all, the waiting put gets a [*BudgetError] that says where the memory is, or, with [Overrun], is
// admitted past the limit.
//
// # Over a plain channel
//
// Three lines change:
//
//	-units := make(chan *Package, 1000)
//	+units := memacct.NewGate(account, "packages", 1000, sizer.Of[*Package])
//	-units <- p
//	+if err := units.Put(ctx, p); err != nil { return err }
//	-for p := range units {
//	+for p := range units.All(ctx) {
//
// The one rule: a value must not outlive the loop body except through a Queue, a [Lease] or an Account. It is
// charged until the body ends, by continue, break, return, panic or Goexit alike.
//
// Other shapes have their counterparts. A receive in a select: [Queue.Chan], a channel of leases. A function that is
// handed chan<- or <-chan: [Sender], [Receiver]. One unit to several stages: [Lease.ForwardAll], or [ShareAs] where they
// take different types, which charge it once. A stage that turns T into U: [ForwardAs]. Start the loops before you fill
// the queues: a gate waits for memory, and a program that gathers first and drains later waits for ever.
// docs/migrating.md has programs before and after.
//
// # What units leave behind
//
// A stage that keeps something of every unit, for an index or an archive at the end, takes memory that no gate can give
// back. [Account.Hold] charges it by name, and is shown wherever memory is; what nobody charges is found out from how
// the live heap grows with the units that ended, and from the runtime's heap profile ([BudgetError.Residue],
// [BudgetError.Sites]). [Gate.Expect] says how many units are to come: then it is told early that the limit will not
// do, and what limit will.
//
// # When something is wrong
//
// A refused put gets the gist as its error and one screen of text as [BudgetError.Report], which is also told as
// an [Event]. When nothing moves for a while though units are in flight, that is told as an [EventStall]: the
// queues, who holds what, at which file and line, and whether it is a slow stage, a deadlock, a leak, workers
// parked on other units, or another account that has all the memory. [Budget.Report] says the same at any
// moment, and a [*LeakError] from [Budget.Close] names who did not let go. Run the stages within
// [Account.Stage], as package pipeline does, and they are named in all of these.
//
// # Cost
//
// A put, and what a loop body costs more than over a channel, are some tens of nanoseconds each with one producer and
// one consumer, as a channel takes, and up to one and a half times a channel's with sixteen and four; a channel with a
// select on a context takes three to four times a channel's (BenchmarkRatio). All state of a budget is behind one
// mutex, which most puts need not take. Nothing is allocated unless a put has to wait. Size functions run outside it. A
// nil *Account accounts nothing: the queue then costs what a buffered channel costs, or up to a third more.
package memacct
