package core

// wrong holds rules that are known to get stuck, or to judge too early. Nothing but the model check sets any
// of them, to show that it would notice. They are here, and not in a test, so that what the check shows wrong
// is the real core with one rule changed.
type wrong struct {
	noFlush      bool // pressure hands on no batch
	ownPressure  bool // a batch is handed on for waiters of its own account only
	edgeFlush    bool // a batch is handed on when pressure begins, and what joins it later is not
	noQuiescence bool // units that wait for each other are taken for units on the move
	noOversize   bool // nothing is decided about a waiter in an empty budget
	byBytes      bool // the verdict rests on bytes in use, not on units
	oneGrant     bool // an event admits one waiter, however many fit
	inLine       bool // who fits behind others, or behind a claim, is not let in before a verdict
	anyDeepest   bool // the last resort is the deepest queue with units, also where nobody sleeps for them
	noPush       bool // a last resort waits for others that move, or are coming, for as long as that takes
	anyPut       bool // a put that waits for a slot takes a unit off the move, whoever has that in hand
	slotsWait    bool // no batch is handed on for those who wait for slots alone
	loopMoves    bool // what a loop has in hand is on the move, also while its body waits in a plain put
	forgetful    bool // who was granted before its account was closed puts where nobody takes any more
	growersMove  bool // a reservation that waits to grow is on the move
	idleShares   bool // batching consumers take a share of the budget also where their account has nothing
}

// pressed reports whether pressure is a reason to hand on q's batch.
func (q *Queue) pressed() bool {
	switch c := q.core; {
	case c.wrong.noFlush:
		return false
	case c.wrong.ownPressure:
		return q.Account.waiting > 0
	case c.wrong.edgeFlush:
		return q.edge > 0
	}
	return q.core.pressed()
}

// memoryOnly reports whether slots are no reason to hand on a batch: under some rules that are wrong for memory they would
// come to the rescue.
func (w *wrong) memoryOnly() bool {
	return w.slotsWait || w.noFlush || w.ownPressure || w.edgeFlush || w.anyDeepest
}

// parts is how many consumers take a share of the budget under idleShares.
func (w *wrong) parts(c *Core) (n int) {
	for _, a := range c.accounts {
		n += a.batchers
	}
	return n
}

// noteEdge notes what is queued when the first waiter comes.
func (w *wrong) noteEdge(c *Core) {
	if !w.edgeFlush || c.waiters > 1 {
		return
	}
	for _, q := range c.queues {
		q.edge = q.ready
	}
}

// quiescent is what the wrong rules make of a budget in which nothing can move.
func (w *wrong) quiescent(c *Core) bool {
	switch {
	case w.noQuiescence:
		return c.units == 0
	case w.noOversize:
		return c.units > 0
	case w.byBytes:
		return c.used == 0
	}
	return true
}
