package core

import (
	"fmt"
	"slices"
)

// step is one thing that can happen next. A step that need not happen, because it is the environment's free
// choice, is optional: the system must not depend on it.
type step struct {
	name     string
	optional bool
	starts   bool // a put that had not begun, or a close: without it nobody may be left waiting
	do       func(w *world)
}

// resolved and unresolved are futures. To complete one, the model exchanges the channel.
var resolved, unresolved = make(chan struct{}), make(chan struct{})

func init() { close(resolved) }

// steps lists all that can happen next.
func (w *world) steps() []step {
	var all []step
	for i := range w.prods {
		all = w.producerSteps(all, i)
	}
	for i := range w.cons {
		all = w.consumerSteps(all, i)
	}
	for i := range w.ems {
		all = w.emitterSteps(all, i)
	}
	for i := range w.units {
		if w.units[i].at == parked && w.met(i) {
			all = append(all, step{name: fmt.Sprint("unpark u", i), do: func(w *world) { w.unpark(i) }})
		}
	}
	for i := range w.qs {
		if w.qs[i].consumers == 0 && w.qs[i].ready > 0 && !w.qs[i].Account.removed {
			all = append(all, step{name: fmt.Sprint("discard q", i), do: func(w *world) { w.discard(i) }})
		}
	}
	if n, runs := w.c.Grace(); runs && !w.c.wrong.noPush {
		all = append(all, step{name: "end the grace", do: func(w *world) { w.c.EndGrace(n) }})
	}
	if w.sc.ticks && w.c.hungry && w.c.deepest() != nil && w.c.moving > 0 && !w.c.wrong.noPush {
		all = append(all, step{name: "tick", do: func(w *world) { w.c.push(nil) }})
	}
	if w.named > 0 {
		all = append(all, step{name: "uncharge", do: func(w *world) { w.accts[0].Charge(-w.named); w.named = 0 }})
	}
	if w.limit < len(w.sc.limits) {
		n := w.sc.limits[w.limit]
		all = append(all, step{name: fmt.Sprint("limit ", n), optional: true, do: func(w *world) { w.limit++; w.c.SetLimit(n) }})
	}
	if w.spent < w.sc.budget {
		all = w.envSteps(all)
	}
	if w.sc.ticks && !slices.ContainsFunc(all, func(st step) bool { return !st.optional && !st.starts }) && w.timeHelps() {
		all = append(all, step{name: "time passes", do: (*world).passTime})
	}
	return all
}

// passTime is as many ticks as anything can need.
func (w *world) passTime() {
	for range patience + 2 {
		w.c.Tick(func(*Waiter, bool) {})
	}
	// How many there were is nothing that a state is told by.
	for i := range w.accts {
		w.accts[i].seen, w.accts[i].still = Progress{}, 0
	}
	for i := range w.pw {
		w.pw[i].ticks = 0
	}
}

// timeHelps reports whether time that passes changes anything.
func (w *world) timeHelps() bool {
	later := w.clone()
	later.passTime()
	return later.key() != w.key()
}

func (w *world) producerSteps(all []step, i int) []step {
	p, x := &w.prods[i], &w.pw[i]
	name := fmt.Sprint("p", i)
	switch {
	case p.held && w.sc.prods[i].slow && w.c.waiters > 0:
	case p.phase == running && p.next < len(w.sc.prods[i].sizes):
		return append(all, step{name: name + " put", starts: !p.held, do: func(w *world) { w.put(i) }})
	case p.phase == running:
		return append(all, step{name: name + " ends", starts: true, do: func(w *world) { w.endProducer(i) }})
	case p.phase == waiting && x.State != Waiting:
		return append(all, step{name: name + " decided", do: func(w *world) { w.decided(i) }})
	}
	return all
}

func (w *world) consumerSteps(all []step, i int) []step {
	c := &w.cons[i]
	name := fmt.Sprint("c", i)
	switch {
	case c.phase == running && c.made < w.atWork(i):
		return append(all, step{name: name + " makes", do: func(w *world) { w.makeParts(i) }})
	case c.phase == stuck && w.units[c.hand[0]].at == inHand && w.met(c.hand[0]):
		return append(all, step{name: name + " goes on", do: func(w *world) { w.cons[i].phase = running }})
	case c.phase == running && len(c.hand) > 0 && w.toDo(i):
		return append(all, step{name: name + " handles", do: func(w *world) { w.handle(i) }})
	case c.phase == running && w.ahead(i) > 0:
		all = append(all, step{name: name + " is relieved", optional: true, do: func(w *world) { w.recall(i) }})
		return append(all, step{name: name + " goes on", do: func(w *world) { w.cons[i].begun++ }})
	case c.phase == running && !w.comes(i):
	case c.phase == running, c.phase == asleep && w.ts[i].awake:
		return append(all, step{name: name + " next", do: func(w *world) { w.next(i) }})
	case c.phase == waiting && w.cw[i].State != Waiting:
		return append(all, step{name: name + " has slot", do: func(w *world) { w.forwarded(i) }})
	}
	return all
}

// comes reports whether a consumer goes on to its next unit: a tardy one not before the last it forwarded has ended, and
// one that rests not while memory keeps somebody out.
func (w *world) comes(i int) bool {
	c := &w.cons[i]
	tardy := w.sc.queues[c.queue].tardy && len(c.hand) == 0 && c.last > 0 && w.units[c.last-1].at != ended
	return !tardy && !c.rests || !w.c.hungry
}

// envSteps are what may happen at any moment, each at the price of one optional step.
func (w *world) envSteps(all []step) []step {
	may := func(allowed bool, name string, i int, do func(w *world)) {
		if allowed {
			all = append(all, step{name: fmt.Sprint(name, i), optional: true, do: func(w *world) { w.spent++; do(w) }})
		}
	}
	e := w.sc.env
	for i := range w.prods {
		undecided := w.prods[i].phase == waiting && w.pw[i].State != Refused
		may(e.cancel && undecided, "cancel p", i, func(w *world) { w.cancelPut(i) })
		may(e.cancel && w.prods[i].phase == running && w.prods[i].held, "unreserve p", i, func(w *world) { w.giveBack(i) })
	}
	for i := range w.cons {
		c := &w.cons[i]
		may(e.linger && c.phase == asleep, "linger c", i, func(w *world) { w.ts[i].Expired = true; w.next(i) })
		may(e.quit && (c.phase == running || c.phase == asleep), "quit c", i, func(w *world) { w.quit(i) })
		may(e.cancel && c.phase == waiting && w.cw[i].State != Refused, "cancel c", i, func(w *world) { w.cancelForward(i) })
	}
	for i := range w.ems {
		may(e.cancel && w.ems[i].phase == waiting && w.ew[i].State != Refused, "cancel e", i, func(w *world) { w.cancelPart(i) })
	}
	for i := range w.accts {
		may(e.ending && !w.accts[i].removed, "end a", i, func(w *world) { w.endAccount(i) })
	}
	for i := range w.qs {
		may(e.closing && !w.qs[i].closed && (w.qs[i].Gate || e.ending), "close q", i, func(w *world) { w.qs[i].Close() })
		may(e.discard && w.qs[i].ready > 0, "discard q", i, func(w *world) { w.discard(i) })
	}
	return all
}

// put begins a producer's next put, its reservation, or the settling of one.
func (w *world) put(i int) {
	p, s, q := &w.prods[i], &w.sc.prods[i], &w.qs[w.sc.prods[i].queue]
	u := p.first + p.next
	x := &w.pw[i]
	switch {
	case p.held && p.grown < len(s.grows):
		n := s.grows[p.grown]
		if q.Grow(n) {
			w.grew(i, n)
			return
		}
		*x = Waiter{Queue: q, Bytes: n, Grows: true, Held: w.units[u].charge, Turn: x.Turn}
	case p.held:
		now := w.units[u].charge + s.settle
		if q.Redeem(w.units[u].charge, now) {
			w.units[u].charge = now
			w.arrived(i, u)
			return
		}
		*x = Waiter{Queue: q, Bytes: now, Carried: true}
	case s.reserve:
		var total int64
		for _, n := range s.sizes {
			total += n
		}
		*x = Waiter{Queue: q, Bytes: total, NoSlot: true}
	default:
		if w.sc.posts && w.post(i, u) {
			return
		}
		if q.Put(w.units[u].charge) {
			w.arrived(i, u)
			return
		}
		*x = Waiter{Queue: q, Bytes: w.units[u].charge}
	}
	p.phase = waiting
	if !p.held {
		for u := range w.upTo(i) {
			w.units[u].at = atGate
		}
	}
	if q.Closed() {
		w.failed(i)
		return
	}
	w.collect()
	w.c.Enqueue(x)
	if x.granted() {
		w.decided(i)
	}
}

// granted reports whether a waiter that has just come may go on, in the same critical section. A verdict about it is
// looked at first.
func (w *Waiter) granted() bool { return w.State == Granted && !w.Overran }

// post puts unit u on credit, if there is some, and every second one late: then it is charged and has its slot,
// like that of a granted waiter, and arrives in a later step. What comes on credit must be news to nobody.
func (w *world) post(i, u int) bool {
	q, n := &w.qs[w.sc.prods[i].queue], w.units[u].charge
	if units, bytes := q.Credit(8); units == 0 || n > bytes {
		return false
	}
	woken := len(w.c.Woken)
	if u%2 == 0 {
		q.Came(1, n, 0, 0)
		w.arrived(i, u)
	} else {
		q.Came(0, 0, 1, n)
		w.pw[i] = Waiter{Queue: q, Bytes: n, State: Granted}
		w.prods[i].phase, w.units[u].at = waiting, atGate
	}
	if len(w.c.Woken) > woken {
		panic("a unit on credit had somebody woken")
	}
	return true
}

// upTo yields the units that the producer's current wait is about.
func (w *world) upTo(i int) func(func(int) bool) {
	p := w.prods[i]
	last := p.first + p.next
	if w.pw[i].NoSlot {
		last = p.first + len(w.sc.prods[i].sizes) - 1
	}
	return func(yield func(int) bool) {
		for u := p.first + p.next; u <= last && yield(u); u++ {
		}
	}
}

// arrived is the end of a put that went well.
func (w *world) arrived(i, u int) {
	q := w.sc.prods[i].queue
	w.rings[q] = append(w.rings[q], u)
	w.units[u].at = inQueue
	w.advance(i)
}

// grew is the end of a step by which a reservation has grown.
func (w *world) grew(i int, n int64) {
	p := &w.prods[i]
	w.units[p.first+p.next].charge += n
	p.grown++
}

func (w *world) advance(i int) {
	p := &w.prods[i]
	p.grown = len(w.sc.prods[i].grows) // it is the first unit that grows
	p.next++
	p.phase = running
	if p.next == len(w.sc.prods[i].sizes) {
		p.held = false
	}
}

// decided goes on after the core decided about a producer's waiter.
func (w *world) decided(i int) {
	p, x := &w.prods[i], &w.pw[i]
	u := p.first + p.next
	switch {
	case x.State == Refused:
		w.failed(i)
	case x.Queue.Abandoned():
		w.cancelPut(i)
	case x.Grows:
		x.Queue.Grown(x)
		x.Grows = false
		p.phase = running
		w.grew(i, x.Bytes)
	case x.NoSlot:
		x.Queue.Divide(len(w.sc.prods[i].sizes))
		for u := range w.upTo(i) {
			w.units[u].at = reserved
		}
		x.State, x.NoSlot = Idle, false
		p.phase, p.held = running, true
	case x.Carried:
		x.Queue.Redeemed(x, w.units[u].charge, x.Bytes)
		w.units[u].charge = x.Bytes
		w.arrived(i, u)
	default:
		x.Queue.Arrive(x)
		w.arrived(i, u)
	}
}

// failed is the end of a put that was refused or cancelled. The units of a reservation that can't be settled
// are given back.
func (w *world) failed(i int) {
	p, x := &w.prods[i], &w.pw[i]
	x.State, x.Grows = Idle, false
	if p.held {
		w.giveBack(i)
		return
	}
	for u := range w.upTo(i) {
		w.end(u)
		w.advance(i)
		w.late = append(w.late, u) // who waits for it hears so after the core has had its say
	}
}

func (w *world) giveBack(i int) {
	p := &w.prods[i]
	for p.held {
		u := p.first + p.next
		w.end(u)
		w.advance(i)
		w.qs[w.sc.prods[i].queue].Unreserve(w.units[u].charge)
	}
	p.phase = running
}

func (w *world) cancelPut(i int) {
	w.c.Cancel(&w.pw[i])
	w.failed(i)
}

// endProducer closes the gate if it was the last one there.
func (w *world) endProducer(i int) {
	w.prods[i].phase = gone
	q := w.sc.prods[i].queue
	for j := range w.prods {
		if w.sc.prods[j].queue == q && w.prods[j].phase != gone {
			return
		}
	}
	w.qs[q].Close()
}

// end marks a unit as gone and completes the futures on it: the channel is closed before the unit's charge is
// given back, and those who wait for it run later.
func (w *world) end(u int) {
	w.units[u].at = ended
	for v, d := range w.sc.needs {
		if d == u {
			if w.parks[v].Done != nil {
				w.parks[v].Done = resolved
			}
		}
	}
}

func (w *world) met(u int) bool { return w.units[w.sc.needs[u]].at == ended }

// toDo reports whether the consumer has to do something with the unit in its hand but to end it.
func (w *world) toDo(i int) bool {
	u := w.cons[i].hand[0]
	d, needs := w.sc.needs[u]
	needs = needs && !w.ts[i].Batch && w.ts[i].Prefetch == 0 // there are no leases there to park
	spec := &w.sc.queues[w.cons[i].queue]
	return spec.next > 0 && spec.makes == 0 || spec.rests || needs && w.units[d].at != ended
}

// handle forwards or parks the first unit in the consumer's hand.
func (w *world) handle(i int) {
	c := &w.cons[i]
	s := &w.sc.queues[c.queue]
	u := c.hand[0]
	if s.rests {
		w.dropOne(i)
		c.rests = true
		return
	}
	if s.next == 0 && s.silent {
		c.phase = stuck
		return
	}
	if s.next == 0 {
		p := &w.parks[u]
		if *p = (Park{Done: unresolved}); s.blind {
			p.Done = nil
		}
		w.units[u].at = parked
		if s.holds {
			p.Hand = &w.hands[i]
			c.phase = stuck
		} else {
			c.hand = c.hand[1:]
		}
		w.queueOf(i).Park(p)
		return
	}
	to, was := &w.qs[w.nextOf(u)], w.units[u].charge
	now := was + s.grow
	if w.queueOf(i).Move(to, was, now) {
		w.units[u].charge = now
		w.moved(i)
		return
	}
	if to.Closed() {
		w.dropOne(i)
		return
	}
	x := &w.cw[i]
	w.hands[i].Has(len(c.hand) - 1)
	*x = Waiter{Queue: to, Bytes: now, Carried: true, Hand: &w.hands[i], Loop: &w.hands[i]}
	c.phase = waiting
	w.c.Enqueue(x)
	if x.granted() {
		w.forwarded(i)
	}
}

// nextOf is the queue that a unit in hand goes to.
func (w *world) nextOf(u int) int {
	s := &w.sc.queues[w.units[u].queue]
	if s.fork > 0 && u%2 == 0 {
		return s.fork
	}
	return s.next
}

// moved puts the consumer's first unit into the next queue's ring.
func (w *world) moved(i int) {
	c := &w.cons[i]
	u, next := c.hand[0], w.nextOf(c.hand[0])
	c.hand = c.hand[1:]
	c.last = u + 1
	w.units[u].at, w.units[u].queue = inQueue, next
	w.rings[next] = append(w.rings[next], u)
}

// forwarded goes on after a wait for a slot.
func (w *world) forwarded(i int) {
	c, x := &w.cons[i], &w.cw[i]
	if x.State == Granted && x.Queue.Abandoned() {
		w.cancelForward(i)
		return
	}
	c.phase = running
	if x.State == Refused {
		x.State = Idle
		w.hands[i].Has(len(c.hand))
		w.dropOne(i)
		return
	}
	u := c.hand[0]
	was := w.units[u].charge
	w.units[u].charge = x.Bytes
	w.queueOf(i).Moved(x, was, x.Bytes)
	w.moved(i)
}

func (w *world) cancelForward(i int) {
	w.c.Cancel(&w.cw[i])
	w.cons[i].phase = running
	w.hands[i].Has(len(w.cons[i].hand))
	w.dropOne(i)
}

// dropOne ends the consumer's first unit before the others.
func (w *world) dropOne(i int) {
	c := &w.cons[i]
	u := c.hand[0]
	c.hand = c.hand[1:]
	w.end(u)
	w.hands[i].Has(len(c.hand))
	w.queueOf(i).Release(1, w.units[u].charge)
}

// next is a consumer's step to its next batch: it takes before it releases, and sleeps if there is nothing.
func (w *world) next(i int) {
	c, q, t := &w.cons[i], w.queueOf(i), &w.ts[i]
	old := c.hand
	c.hand, c.begun, c.made, c.rests = nil, 0, 0, false
	took := w.take(i)
	w.release(q, old)
	if took || len(old) > 0 && w.take(i) {
		c.phase = running
		return
	}
	for j := range w.cons {
		if w.cons[j].queue == c.queue {
			w.recall(j)
		}
	}
	if w.take(i) {
		c.phase = running
		return
	}
	if q.Ended() {
		w.leave(i)
		return
	}
	c.phase = asleep
	t.Expired = false
	q.Wait(t)
}

// take fills the consumer's hand.
func (w *world) take(i int) bool {
	c, q := &w.cons[i], w.queueOf(i)
	p, ok := q.Take(&w.ts[i])
	if !ok {
		return false
	}
	c.share = w.share()
	var bytes int64
	for ring := &w.rings[c.queue]; len(*ring) > 0; *ring = (*ring)[1:] {
		u := (*ring)[0]
		if !p.Takes(len(c.hand), bytes, w.units[u].charge) {
			break
		}
		bytes += w.units[u].charge
		c.hand = append(c.hand, u)
		w.units[u].at = inHand
	}
	w.hands[i].Took(len(c.hand))
	q.Took(&w.ts[i], len(c.hand), bytes, p.Why)
	c.begun = min(1, w.ts[i].Prefetch)
	return true
}

// ahead is how many units a consumer has taken ahead and not begun.
func (w *world) ahead(i int) int {
	if w.ts[i].Prefetch == 0 {
		return 0
	}
	return len(w.cons[i].hand) - w.cons[i].begun
}

// recall puts back what a consumer took ahead.
func (w *world) recall(i int) {
	n := w.ahead(i)
	if n <= 0 {
		return
	}
	c := &w.cons[i]
	back := c.hand[c.begun:]
	var bytes int64
	for _, u := range back {
		w.units[u].at = inQueue
		bytes += w.units[u].charge
	}
	w.rings[c.queue] = slices.Concat(back, w.rings[c.queue])
	c.hand = c.hand[:c.begun]
	w.hands[i].Has(len(c.hand))
	w.queueOf(i).Untake(n, bytes)
}

// collect releases what consumers that took units ahead are done with.
func (w *world) collect() {
	for i := range w.cons {
		if c := &w.cons[i]; w.ts[i].Prefetch > 0 && c.begun > 1 {
			done := c.hand[:c.begun-1]
			c.hand, c.made, c.begun = c.hand[c.begun-1:], max(0, c.made-len(done)), 1
			w.hands[i].Has(len(c.hand))
			w.release(w.queueOf(i), done)
		}
	}
}

// release ends the units together.
func (w *world) release(q *Queue, units []int) {
	var bytes int64
	for _, u := range units {
		w.end(u)
		bytes += w.units[u].charge
	}
	if len(units) > 0 {
		q.Release(len(units), bytes)
	}
}

// leave is the end of a consumer; the last one of a queue closes the next.
func (w *world) leave(i int) {
	c := &w.cons[i]
	q := w.queueOf(i)
	c.phase = gone
	q.Detach(&w.ts[i])
	w.dropUntaken()
	for j := range w.cons {
		if w.cons[j].queue == c.queue && w.cons[j].phase != gone {
			return
		}
	}
	q.Close() // nobody will take what is put from now on
	for _, next := range []int{w.sc.queues[c.queue].next, w.sc.queues[c.queue].fork} {
		if next > 0 {
			w.qs[next].Close()
		}
	}
}

// quit is a consumer that leaves early, with what it has in hand.
func (w *world) quit(i int) {
	w.recall(i)
	hand := w.cons[i].hand
	w.cons[i].hand, w.cons[i].begun = nil, 0
	w.release(w.queueOf(i), hand)
	w.leave(i)
}

func (w *world) unpark(u int) {
	q := &w.qs[w.units[u].queue]
	q.Unpark(&w.parks[u])
	w.units[u].at = inHand
	for i := range w.cons {
		if c := &w.cons[i]; c.phase == stuck && c.hand[0] == u {
			c.phase = running
			return
		}
	}
	w.end(u)
	q.Release(1, w.units[u].charge)
}

// discard drops what is queued.
func (w *world) discard(i int) {
	q := &w.qs[i]
	var bytes int64
	n := len(w.rings[i])
	for _, u := range w.rings[i] {
		w.end(u)
		bytes += w.units[u].charge
	}
	w.rings[i] = nil
	q.Discard(n, bytes)
}
