// Package core decides who may have memory, and when a batch must be handed on so that somebody can.
//
// It is the whole admission logic of one budget as a state machine: plain data, no goroutines, no clock, no
// channels. An event is a method call, made under the budget's one lock; its decisions are the sleepers it
// appends to Woken and the fields it sets in them. The typed queues around it (package memacct) hold the
// values and do the sleeping. So a test can walk every interleaving of a small system over this very code;
// model_test.go does.
//
// The rules, each in the file that carries it out:
//
//	line.go    who waits stands in a line, and is looked at only where something changed
//	admit.go   a unit that fits is admitted at the very event that made room, and all that fit are
//	reserve.go what was reserved before it was read becomes a unit, or is given back
//	grow.go    a reservation that grows waits in front of all others, and never for one that waits for it
//	flush.go   under pressure batches are handed on: at their share of the budget, and smaller only when nothing else moves
//	hand.go    what a loop has in hand can't move while its goroutine waits
//	park.go    a unit that waits for another one can't move until that has come
//	tick.go    what waits for long although others move gets its batch handed on too
//	verdict.go when nothing at all can move, the policy decides about the waiter: refuse it, or admit it as an overrun
package core

import "slices"

// MaxCharge is the most bytes one unit is ever charged (32 TiB). A size function that answers more is lying;
// the cap keeps sums of hundreds of thousands of such answers inside an int64.
const MaxCharge = 1 << 45

// Mode says how much of the work is done.
type Mode uint8

// The modes, as memacct exports them.
const (
	Enforce Mode = iota // charge and wait
	Shadow              // charge, count what would have waited, never wait
	Off                 // do not charge
)

// Core is the admission state of one budget. Its methods and those of everything registered with it must be
// called under one lock.
type Core struct {
	Mode    Mode
	Overrun int64 // bytes past the limit that one oversize unit may take; 0 refuses it

	// Woken collects the sleepers that this event decided about; the caller empties it and wakes them.
	Woken []*Sleeper

	// Refused is about the waiters that were refused and do not know yet, or still measure why; see Told.
	Refused RefusedSum

	limit     int64
	used      int64 // sum of all charges
	named     int64 // of that, what is in no queue
	peak      int64
	peakLimit int64    // the limit at that moment
	flow      int64    // sum of all charges that were ever taken
	entered   int64    // units that came through gates that are no more
	units     int      // live: queued, in a hand, parked, reserved, or granted and on the way into a queue
	moving    int      // of those, the ones that can move by themselves: in a hand or on the way, and not parked
	awake     int      // takers woken that have not run yet: what they will take is about to move
	hungry    bool     // a gate has a waiter that has a slot and no memory
	inGrace   bool     // see Grace
	graces    int      // how often it began
	waiting   int64    // bytes of the waiters at gates
	waiters   int      // how many of them
	carriers  int      // how many wait for slots alone
	lined     []*Queue // gates that have a line, ordered by lines
	touched   []*Queue // gates whose line or slots changed since admit looked
	least     int64    // at most what the smallest of those at the heads of the lines needs, in bytes
	starved   int      // gates with somebody at the head of the line whom memory keeps out
	claims    int      // waiters that were passed as often as anybody may be
	growers   waitlist // reservations that wait to grow, the first that ever did in front
	turns     int64    // given to those that did
	flushed   int64    // the share down to which all batches were looked at under this pressure; 0 for none
	floored   bool     // somebody has a floor
	unmet     int64    // sum over accounts of the part of the floor not in use
	takers    int      // batching consumers of accounts that have units: the shares that the budget is cut into

	asking   *Queue  // whose consumer asks just now what it may take
	parks    []*Park // units parked on a future whose end can be told
	blind    int     // units parked on one whose end can't
	overdue  bool    // nothing has moved for some ticks: those wait still
	accounts []*Account
	queues   []*Queue // open or not yet empty, in order of creation: a later one lies deeper in its pipeline
	counts   Counts
	wrong    wrong
}

// Counts are running totals for statistics.
type Counts struct {
	Overruns, Refused, WouldWait int64
}

// New returns the core of a budget of limit bytes.
func New(limit int64) *Core { return &Core{limit: limit} }

// Account is one pipeline's part of the budget.
type Account struct {
	Name   string
	Floor  int64   // bytes that other accounts can't take; less while the limit is below all floors together
	Weight float64 // across accounts the lowest use per weight goes first; > 0

	used, peak, named int64
	asked             int64 // Floor as it was asked for
	units             int
	batchers          int // consumers attached to its queues that collect batches
	waiting           int64
	seen              Progress // at the last tick
	still             int      // ticks since it changed
	removed           bool
	core              *Core
}

// Add registers a. Where nobody waits for memory a floor means nothing.
func (c *Core) Add(a *Account) {
	if c.Mode != Enforce {
		a.Floor = 0
	}
	a.core, a.asked = c, min(a.Floor, MaxCharge) // and a few of them leave room in an int64, as charges do
	c.accounts = append(c.accounts, a)
	c.fitFloors()
}

// Floors is the bytes that all floors were asked to be together.
func (c *Core) Floors() (sum int64) {
	for _, a := range c.accounts {
		sum += a.asked
	}
	return sum
}

// fitFloors cuts the floors in proportion while the limit is below them all: otherwise they would keep units
// out that the limit allows. With nobody's floor it does nothing.
func (c *Core) fitFloors() {
	floors := c.Floors()
	c.unmet, c.floored = 0, floors > 0
	for _, a := range c.accounts {
		a.Floor = a.asked
		if floors > c.limit {
			a.Floor = int64(float64(a.asked) / float64(floors) * float64(max(0, c.limit)))
		}
		c.unmet += a.unmet()
	}
}

// Fits is the limit at which n more bytes of a fit beside all floors, in full.
func (a *Account) Fits(n int64) int64 {
	n += a.core.used
	for _, b := range a.core.accounts {
		if b != a {
			n += max(0, b.asked-b.used)
		}
	}
	return n
}

// Room reports whether n more bytes of a fit now.
func (a *Account) Room(n int64) bool { return a.core.fits(a, n) }

// Remove unregisters a, which gives its floor back to the others. Its queues, closed before, go when they are over.
func (c *Core) Remove(a *Account) {
	i := slices.Index(c.accounts, a)
	if i < 0 {
		return
	}
	c.accounts = slices.Delete(c.accounts, i, i+1)
	a.Floor, a.asked, a.removed = 0, 0, true
	c.fitFloors()
	c.update()
}

// SetLimit changes the budget to limit bytes. Lowering it below what is used revokes nothing: the difference
// is debt, and the gates stay shut until it is gone.
func (c *Core) SetLimit(limit int64) {
	c.limit = limit
	c.fitFloors()
	c.update()
}

// Charge adds n bytes (or gives back, when negative) that are in no queue: a cache, a parser's table.
// It never waits.
func (a *Account) Charge(n int64) {
	a.named += n
	a.core.named += n
	a.charge(n)
	if n < 0 || a.core.pressed() {
		a.core.update()
	}
}

// ChargeBeside is Charge for a budget that follows the process: what is charged lives beside the content, and the limit
// moves with it in the same event. Otherwise bytes that nobody charges would leave content more than those.
func (a *Account) ChargeBeside(n int64) {
	a.core.limit = max(0, a.core.limit+n)
	if a.core.floored { // else it would only look at every account
		a.core.fitFloors()
	}
	a.Charge(n)
}

// charge adds n bytes, which may be negative.
func (a *Account) charge(n int64) {
	c := a.core
	if a.Floor > 0 {
		c.unmet += max(0, a.Floor-a.used-n) - a.unmet()
	}
	c.used += n
	a.used += n
	c.flow += max(n, 0)
	if c.used > c.peak { // stores cost more than questions, here where every unit passes
		c.peak, c.peakLimit = c.used, c.limit
	}
	if a.used > a.peak {
		a.peak = a.used
	}
}

// live counts n more units of a, or fewer. An account that has none takes no share of the budget: its batching
// consumers may sleep for hours, and must not make the batches of the others smaller meanwhile.
func (a *Account) live(n int) {
	was := a.units > 0
	a.units += n
	a.core.units += n
	switch is := a.units > 0; {
	case is && !was:
		a.core.takers += a.batchers
	case was && !is:
		a.core.takers -= a.batchers
	}
}

// unmet is the part of a's floor that it does not use.
func (a *Account) unmet() int64 { return max(0, a.Floor-a.used) }

// pressed reports whether there is pressure: a waiter that memory alone keeps out, or debt.
func (c *Core) pressed() bool { return c.hungry || c.used > c.limit && c.Mode == Enforce }

// Alert reports whether somebody waits for memory, or there is debt: what is done with must be released at once.
// A waiter that has no slot either does not count. To release units that left the queue is no help to it.
func (c *Core) Alert() bool { return c.pressed() }

// slotsShort reports whether somebody waits for nothing but a slot, at a gate or behind one. Then, too, a batch must be
// handed on once nothing else can move: what it holds may be all that the others wait for.
func (c *Core) slotsShort() bool { return c.waiters+c.carriers > 0 && !c.wrong.memoryOnly() }

// update brings every decision up to date after an event. It costs a few comparisons while nobody waits for memory
// and something moves, however many accounts and waiters there are.
func (c *Core) update() {
	if c.waiters == 0 {
		c.hungry = false
		c.measureLines()
		if c.carriers == 0 && (c.used <= c.limit || c.Mode != Enforce) {
			c.inGrace = false
			return
		}
	}
	c.admit()
	for {
		c.flush()
		// A decision about one waiter can let another in, or leave it the next to be decided about.
		if !c.quiescent() || !c.decide() {
			return
		}
		c.admit()
	}
}

// Flow is the bytes of all charges that were ever taken: a clock that goes as content flows.
func (c *Core) Flow() int64 { return c.flow }

// Empty reports whether nothing is live or charged.
func (c *Core) Empty() bool { return c.units == 0 && c.used == 0 }

// Empty reports whether nothing of a is live or charged.
func (a *Account) Empty() bool { return a.units == 0 && a.used == 0 }

// Snapshot is the state in figures, bytes unless said otherwise.
type Snapshot struct {
	Limit, Used, Peak, PeakLimit, Waiting, Debt int64
	Named                                       int64 // of Used, what is in no queue
	Units, Moving, Waiters                      int
	Pressure                                    bool
	Counts                                      Counts
}

// Content is what units in flight are charged.
func (s Snapshot) Content() int64 { return s.Used - s.Named }

// Snapshot returns the state of the whole budget.
func (c *Core) Snapshot() Snapshot {
	return Snapshot{
		Limit: c.limit, Used: c.used, Named: c.named, Peak: c.peak, PeakLimit: c.peakLimit, Waiting: c.waiting, Debt: max(0, c.used-c.limit),
		Units: c.units, Moving: c.moving, Waiters: c.waiters, Pressure: c.pressed(), Counts: c.counts,
	}
}

// Snapshot returns the account's part of the state; Limit is the whole budget's.
func (a *Account) Snapshot() (s Snapshot, named int64) {
	return Snapshot{Limit: a.core.limit, Used: a.used, Peak: a.peak, Waiting: a.waiting, Units: a.units}, a.named
}
