package core

import "fmt"

// Emitters put what a stage makes of its units, by plain puts: from goroutines that the loop body started and waits
// for, or from the loop body itself.

// emitterSteps are the next steps of an emitter.
func (w *world) emitterSteps(all []step, i int) []step {
	name := fmt.Sprint("e", i)
	switch e := &w.ems[i]; {
	case e.phase == running:
		return append(all, step{name: name + " put", do: func(w *world) { w.emit(i) }})
	case e.phase == waiting && w.ew[i].State != Waiting:
		return append(all, step{name: name + " decided", do: func(w *world) { w.emitted(i) }})
	}
	return all
}

// atWork is of how many units in its hand the consumer has to make parts until it goes on.
func (w *world) atWork(i int) int {
	c := &w.cons[i]
	switch {
	case w.sc.queues[c.queue].makes == 0:
		return 0
	case w.ts[i].Prefetch > 0:
		return c.begun
	}
	return len(c.hand)
}

// makeParts gives the parts of the consumer's next unit to its emitters.
func (w *world) makeParts(i int) {
	c := &w.cons[i]
	part := w.units[c.hand[c.made]].parts
	c.phase = emitting
	for j := range w.ems {
		if e := &w.ems[j]; e.cons == i {
			e.phase, e.unit = running, part
			part++
		}
	}
}

// emit begins the put of an emitter.
func (w *world) emit(i int) {
	e, x := &w.ems[i], &w.ew[i]
	s := &w.sc.queues[w.cons[e.cons].queue]
	q, n := &w.qs[s.next], w.units[e.unit].charge
	if q.Put(n) {
		w.came(i)
		return
	}
	if q.Closed() {
		w.lost(i)
		return
	}
	*x = Waiter{Queue: q, Bytes: n}
	if s.loop {
		x.Loop = &w.hands[e.cons]
	}
	e.phase, w.units[e.unit].at = waiting, atGate
	w.c.Enqueue(x)
	if x.granted() {
		w.emitted(i)
	}
}

// emitted goes on after the core decided about an emitter's waiter.
func (w *world) emitted(i int) {
	switch x := &w.ew[i]; {
	case x.State == Refused:
		x.State = Idle
		w.lost(i)
	case x.Queue.Abandoned():
		w.cancelPart(i)
	default:
		x.Queue.Arrive(x)
		w.came(i)
	}
}

func (w *world) cancelPart(i int) {
	w.c.Cancel(&w.ew[i])
	w.lost(i)
}

// came is the end of an emitter's put that went well, and lost of one that did not.
func (w *world) came(i int) {
	u := w.ems[i].unit
	w.rings[w.units[u].queue] = append(w.rings[w.units[u].queue], u)
	w.units[u].at = inQueue
	w.partDone(i)
}

func (w *world) lost(i int) {
	u := w.ems[i].unit
	w.end(u)
	w.late = append(w.late, u)
	w.partDone(i)
}

// partDone goes on to the next part of a unit; after the last the loop body ends.
func (w *world) partDone(i int) {
	e := &w.ems[i]
	c := &w.cons[e.cons]
	s := &w.sc.queues[c.queue]
	if of := w.units[c.hand[c.made]].parts; s.loop && e.unit+1 < of+s.makes {
		e.phase, e.unit = running, e.unit+1
		return
	}
	e.phase, e.unit = gone, 0
	for j := range w.ems {
		if w.ems[j].cons == e.cons && w.ems[j].phase != gone {
			return
		}
	}
	c.phase = running
	c.made++
}

// emitterOf is the emitter that has the unit to put, -1 if none has.
func (w *world) emitterOf(u int) int {
	for i := range w.ems {
		if w.ems[i].phase != gone && w.ems[i].unit == u {
			return i
		}
	}
	return -1
}

// endAccount ends an account, with what is queued and nobody takes.
func (w *world) endAccount(i int) {
	for j := range w.qs {
		if w.sc.queues[j].account == i {
			w.qs[j].Close()
		}
	}
	for j := range w.qs {
		if w.sc.queues[j].account == i {
			w.dropIfUntaken(j)
		}
	}
	w.c.Remove(&w.accts[i])
}

// dropUntakenLocked drops what is queued in accounts that have ended, and nobody takes any more.
func (w *world) dropUntaken() {
	for i := range w.qs {
		if w.qs[i].Account.removed {
			w.dropIfUntaken(i)
		}
	}
}

func (w *world) dropIfUntaken(i int) {
	if w.qs[i].consumers == 0 {
		w.discard(i)
	}
}
