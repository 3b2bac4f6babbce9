package core

import (
	"encoding/binary"
	"slices"
)

// A world is a small system over the real core: producers that put or reserve, consumers that take, park,
// forward and release, and an environment that cancels, closes, quits and changes the limit. Its steps are
// the critical sections of package memacct, one each, so that their interleavings are those that happen there.
//
// Everything the core points to is in slices of values, so that a world is cloned by copying them and
// pointing the copies at each other.
type world struct {
	sc    *scenario
	c     Core
	accts []Account
	qs    []Queue
	rings [][]int  // of each queue, the units in it
	pw    []Waiter // of each producer
	cw    []Waiter // of each consumer, to forward with
	ew    []Waiter // of each emitter
	hands []Hand   // of each consumer
	ts    []Taker  // of each consumer
	parks []Park   // of each unit
	units []unit
	prods []producer
	cons  []consumer
	ems   []emitter
	late  []int // units that failed in the last step
	named int64 // charged in no queue
	limit int   // how many of the scenario's later limits are in force
	spent int   // how many optional steps the environment took
}

// scenario describes a world and what its environment may do.
type scenario struct {
	name    string
	limit   int64
	overrun int64
	floors  []int64     // one for each account
	queues  []queueSpec // gates before the queues they lead to
	prods   []prodSpec
	limits  []int64     // later limits, each from any moment on, in this order
	needs   map[int]int // units, by number, that park until another one has ended
	named   int64       // charged to the first account in no queue at first, and given back at any moment
	env     env         // what the environment may do at any moment
	budget  int         // how many such steps it may take in all
	mode    Mode
	posts   bool // units come on credit where there is some
	ticks   bool // somebody waits for long; without it nobody may need to
	deep    bool // too large for every go test
}

type env struct {
	cancel, closing, quit, linger, discard bool

	ending bool // accounts, and closing is of queues behind gates as well
}

// queueSpec is a queue and its consumers.
type queueSpec struct {
	account  int
	plain    bool // not a gate
	capacity int
	next     int   // where its units go; 0 is the end of the line, for queue 0 is a gate
	fork     int   // where every second of them goes, from the first on, if it is not 0
	makes    int   // of each unit its consumer makes so many others, which are put into next; that one goes nowhere
	part     int64 // what each of those weighs
	loop     bool  // the loop itself puts them; otherwise each has a goroutine of its own, which runs no loop
	grow     int64 // what a unit weighs more in the next queue
	cons     []Taker
	holds    bool // a parked unit holds its worker; otherwise its lease is detached first
	blind    bool // and the end of its wait can't be told
	silent   bool // what holds the worker is not said: its unit is not parked
	rests    bool // a consumer ends each unit and rests, with nothing in hand, while memory keeps somebody out
	tardy    bool // a consumer goes on once the last unit it forwarded has ended, with nothing in hand meanwhile
}

// prodSpec is one producer: one put for each size, or one reservation for all, settled one by one.
type prodSpec struct {
	queue   int
	sizes   []int64
	reserve bool
	grows   []int64 // what the first unit of the reservation comes to weigh more while it is built, step by step
	settle  int64   // what each unit weighs more than was reserved for it
	slow    bool    // what is reserved is settled when nobody waits at a gate any more
}

type place uint8

const (
	outside  place = iota // not yet put
	atGate                // its put waits, or was decided about and has not run yet
	reserved              // its bytes are
	inQueue
	inHand
	parked
	ended
)

type unit struct {
	at       place
	queue    int
	charge   int64
	parts    int   // the first unit that is made of it
	passed   int   // grants that passed it at its gate, counted here to compare
	passedBy int64 // and their bytes
}

type phase uint8

const (
	running  phase = iota
	waiting        // a producer, or a consumer that waits for a slot
	asleep         // a consumer without units
	stuck          // a consumer that a parked unit holds
	emitting       // a consumer whose emitters have units to put
	gone
)

type producer struct {
	phase phase
	first int // the number of its first unit
	next  int // how many of its units were put
	grown int // how many of its steps the reservation has grown by
	held  bool
}

type consumer struct {
	phase phase
	queue int
	hand  []int
	rests bool
	last  int   // the unit it forwarded last, from 1; 0 is none
	share int64 // what a batch had to have when it last took one
	made  int   // of the hand, the units of which all parts were put
	begun int   // of the hand, where units are taken ahead: the last of these is at work, those before are done with
}

// emitter puts the units that a consumer makes.
type emitter struct {
	phase phase
	cons  int
	unit  int // if there is one
}

// newWorld builds the scenario's start.
func newWorld(sc *scenario) *world {
	w := &world{sc: sc, c: Core{Mode: sc.mode, limit: sc.limit, Overrun: sc.overrun}}
	w.accts = make([]Account, len(sc.floors))
	for i := range w.accts {
		w.accts[i] = Account{Floor: sc.floors[i], Weight: 1}
		w.c.Add(&w.accts[i])
	}
	w.qs = make([]Queue, len(sc.queues))
	w.rings = make([][]int, len(sc.queues))
	for i, s := range sc.queues {
		w.qs[i] = Queue{Account: &w.accts[s.account], Gate: !s.plain, Capacity: s.capacity}
		w.c.AddQueue(&w.qs[i])
		for _, t := range s.cons {
			w.ts = append(w.ts, t)
			n := s.makes
			if s.loop {
				n = 1
			}
			for range n {
				w.ems = append(w.ems, emitter{phase: gone, cons: len(w.cons)})
			}
			w.cons = append(w.cons, consumer{queue: i})
		}
	}
	w.ew = make([]Waiter, len(w.ems))
	w.cw, w.hands = make([]Waiter, len(w.cons)), make([]Hand, len(w.cons))
	for i := range w.cons {
		w.hands[i] = Hand{Queue: w.queueOf(i)}
		w.queueOf(i).Attach(&w.ts[i])
	}
	w.pw = make([]Waiter, len(sc.prods))
	for _, p := range sc.prods {
		w.prods = append(w.prods, producer{first: len(w.units)})
		for _, n := range p.sizes {
			w.units = append(w.units, unit{charge: n, queue: p.queue})
		}
	}
	for u := range w.units {
		s := &sc.queues[w.units[u].queue]
		w.units[u].parts = len(w.units)
		for range s.makes {
			w.units = append(w.units, unit{charge: s.part, queue: s.next})
		}
	}
	for i := range w.qs {
		if w.qs[i].Gate && !slices.ContainsFunc(sc.prods, func(p prodSpec) bool { return p.queue == i }) {
			w.qs[i].Close() // nobody would
		}
	}
	w.parks = make([]Park, len(w.units))
	if sc.named > 0 {
		w.named = sc.named
		w.accts[0].Charge(sc.named)
	}
	w.c.Woken = nil
	return w
}

func (w *world) queueOf(cons int) *Queue { return &w.qs[w.cons[cons].queue] }

// clone copies the world. It is what the model check spends most of its time on.
func (w *world) clone() *world {
	n := *w
	n.late = nil
	n.accts = slices.Clone(w.accts)
	n.qs = slices.Clone(w.qs)
	n.pw, n.cw, n.ew = slices.Clone(w.pw), slices.Clone(w.cw), slices.Clone(w.ew)
	n.ts, n.hands, n.ems = slices.Clone(w.ts), slices.Clone(w.hands), slices.Clone(w.ems)
	n.parks, n.units = slices.Clone(w.parks), slices.Clone(w.units)
	n.prods, n.cons = slices.Clone(w.prods), slices.Clone(w.cons)
	n.rings = make([][]int, len(w.rings))
	for i, r := range w.rings {
		n.rings[i] = slices.Clone(r)
	}
	for i := range n.cons {
		n.cons[i].hand = slices.Clone(w.cons[i].hand)
	}
	n.repoint(w)
	return &n
}

// repoint makes everything in w, a copy of from, point into from.
func (w *world) repoint(from *world) {
	w.c.Woken = nil
	w.c.lined = moved(from.c.lined, from.qs, w.qs)
	w.c.touched = moved(from.c.touched, from.qs, w.qs)
	w.c.accounts = moved(from.c.accounts, from.accts, w.accts)
	w.c.queues = moved(from.c.queues, from.qs, w.qs)
	w.c.parks = moved(from.c.parks, from.parks, w.parks)
	for i := range w.parks {
		if h := w.parks[i].Hand; h != nil {
			w.parks[i].Hand = &w.hands[indexOf(h, from.hands)]
		}
	}
	for i := range w.accts {
		w.accts[i].core = &w.c
	}
	for i := range w.qs {
		q := &w.qs[i]
		q.core = &w.c
		q.Account = &w.accts[w.sc.queues[i].account]
		q.takers = moved(q.takers, from.ts, w.ts)
		q.carriers, q.waiters, q.reserving = w.line(q.carriers, from), w.line(q.waiters, from), w.line(q.reserving, from)
	}
	w.c.growers = w.line(w.c.growers, from)
	for _, ws := range [][]Waiter{w.pw, w.cw, w.ew} {
		for i := range ws {
			if ws[i].Queue != nil {
				ws[i].Queue = &w.qs[indexOf(ws[i].Queue, from.qs)]
			}
			if ws[i].Hand != nil {
				ws[i].Hand = &w.hands[indexOf(ws[i].Hand, from.hands)]
			}
			if ws[i].Loop != nil {
				ws[i].Loop = &w.hands[indexOf(ws[i].Loop, from.hands)]
			}
		}
	}
	for i := range w.ts {
		w.ts[i].queue, w.hands[i].Queue = w.queueOf(i), w.queueOf(i)
	}
}

// line returns the waiters of w that are those of from.
func (w *world) line(waiters waitlist, from *world) waitlist {
	line := waitlist{lane: waiters.lane}
	for x := waiters.first; x != nil; x = waiters.after(x) {
		if k := indexOf(x, from.pw); k >= 0 {
			line.add(&w.pw[k])
		} else if k := indexOf(x, from.cw); k >= 0 {
			line.add(&w.cw[k])
		} else {
			line.add(&w.ew[indexOf(x, from.ew)])
		}
	}
	return line
}

// moved returns pointers into to at the indexes that the pointers have in from.
func moved[T any](ptrs []*T, from, to []T) []*T {
	out := make([]*T, len(ptrs))
	for i, p := range ptrs {
		out[i] = &to[indexOf(p, from)]
	}
	return out
}

func indexOf[T any](p *T, in []T) int {
	for i := range in {
		if p == &in[i] {
			return i
		}
	}
	return -1
}

// key renders everything that what happens next depends on.
func (w *world) key() string {
	b := make([]byte, 0, 256)
	put := func(ns ...int) {
		for _, n := range ns {
			b = binary.AppendVarint(b, int64(n))
		}
	}
	flag := func(f bool) int {
		if f {
			return 1
		}
		return 0
	}
	put(w.limit, w.spent, int(w.named), flag(w.c.hungry), flag(w.c.inGrace))
	for i := range w.units {
		u := &w.units[i]
		put(int(u.at), u.queue, int(u.charge), u.passed, int(u.passedBy))
	}
	for i := range w.prods {
		p, x := &w.prods[i], &w.pw[i]
		put(int(p.phase), p.next, p.grown, w.turn(i), flag(p.held), int(x.State), flag(x.Overran), x.passed, int(x.passedBy))
	}
	for i := range w.cons {
		c, t := &w.cons[i], &w.ts[i]
		put(int(c.phase), int(w.cw[i].State), flag(t.awake), flag(t.Expired), flag(t.pushed), flag(c.rests), c.begun, c.made, len(c.hand))
		put(c.hand...)
		if w.sc.queues[c.queue].tardy {
			put(c.last)
		}
	}
	for i := range w.ems {
		put(int(w.ems[i].phase), w.ems[i].unit, int(w.ew[i].State))
	}
	for i := range w.accts {
		put(flag(w.accts[i].removed))
	}
	for i := range w.qs {
		q := &w.qs[i]
		put(flag(q.closed), q.awaited, q.edge, q.carriers.n+q.waiters.n, len(q.takers), len(w.rings[i]))
		put(w.rings[i]...)
		for x := range q.Line() {
			put(indexOf(x, w.pw), indexOf(x, w.cw), indexOf(x, w.ew))
		}
		for _, t := range q.takers {
			put(indexOf(t, w.ts))
		}
	}
	return string(b)
}
