package core

// waitlist is a line of waiters in order of arrival. Joining, and leaving from anywhere, cost the same however long
// it is: a caller that gives up stands in the middle, and there may be ten thousand of them. The zero value is empty.
type waitlist struct {
	first, last *Waiter
	n           int
	lane        lane
}

// lane is which of a waiter's links a list uses: a reservation stands in two lists.
type lane uint8

const (
	inLine   lane = iota // among all that wait for the same
	slotless             // among the reservations
	lanes
)

// links are a waiter's neighbours in one list.
type links struct{ before, after *Waiter }

// empty reports whether nobody waits in l.
func (l *waitlist) empty() bool { return l.n == 0 }

// after returns who waits behind w, nil if nobody does.
func (l *waitlist) after(w *Waiter) *Waiter { return w.links[l.lane].after }

// add puts w at the end.
func (l *waitlist) add(w *Waiter) {
	w.links[l.lane] = links{before: l.last}
	if l.last == nil {
		l.first = w
	} else {
		l.last.links[l.lane].after = w
	}
	l.last = w
	l.n++
}

// remove takes out w, which must be in l.
func (l *waitlist) remove(w *Waiter) {
	at := w.links[l.lane]
	if at.before == nil {
		l.first = at.after
	} else {
		at.before.links[l.lane].after = at.after
	}
	if at.after == nil {
		l.last = at.before
	} else {
		at.after.links[l.lane].before = at.before
	}
	w.links[l.lane] = links{} // a waiter is used again, and must not keep others alive
	l.n--
}
