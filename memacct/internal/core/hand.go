package core

// stop takes what can't move while w waits for a slot off the move, and puts it back (-1): the unit that it carries,
// and what the loops around it have in hand. Otherwise a worker held behind the next queue would look like one at work
// here. A put that carries nothing, of a goroutine that runs no loop, stops nothing: the unit that it was made of may
// be in another goroutine's hand, which works.
func (w *Waiter) stop(sign int) {
	c := w.Queue.core
	if w.Carried || c.wrong.anyPut {
		c.moving -= sign
	}
	if h := w.Hand; h != nil {
		if sign > 0 {
			w.taken = h.takes
		}
		if w.taken == h.takes { // else its loop went on without waiting for it
			h.waiting += sign
			h.bytes += int64(sign) * w.Bytes
			h.update()
		}
	}
	for h := w.Loop; h != nil && !c.wrong.loopMoves; h = h.Outer {
		h.loops += sign
		h.update()
	}
}

// Hand is what a consumer has taken and answers for. Its units can't move while the goroutine of its loop waits, and
// nor can what is queued for that consumer: that goroutine would have to take it.
type Hand struct {
	Queue *Queue // it was taken from
	Outer *Hand  // of the loop around this one, on the same goroutine; nil if there is none

	left    int   // units in it
	takes   int   // how often it was filled
	waiting int   // units taken out of it since then that wait for slots
	bytes   int64 // and what they will be charged
	loops   int   // waits of the loop's goroutine
	parked  int   // units of it that wait for others, and the loop with them
	still   int   // units that can't move
	held    bool  // and nor can the consumer
}

// Took says that the hand was filled anew, with so many units.
func (h *Hand) Took(left int) {
	h.takes++
	h.waiting, h.bytes = 0, 0
	h.Has(left)
}

// Waiting is how many units, and how many bytes, were taken out of the hand to go on, and wait for slots.
func (h *Hand) Waiting() (units int, bytes int64) { return h.waiting, h.bytes }

// Has says how many units are left in the hand. It comes before those that are gone are released or moved, so that
// in between there seems to be more on the move, and never less.
func (h *Hand) Has(left int) {
	h.left = left
	if h.waiting > 0 || h.held {
		h.update()
		h.Queue.core.update()
	}
}

func (h *Hand) update() {
	// Where all of a hand was given to others that wait, the loop is taken to wait for them.
	held := h.loops > 0 || h.parked > 0 || h.waiting > 0 && h.left == 0
	still := 0
	if held {
		still = h.left
	}
	h.Queue.core.moving -= still - h.still
	if held != h.held {
		if held {
			h.Queue.held++
		} else {
			h.Queue.held--
		}
	}
	h.still, h.held = still, held
}
