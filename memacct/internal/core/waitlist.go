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

// before returns who waits in front of w, nil if nobody does.
func (l *waitlist) before(w *Waiter) *Waiter { return w.links[l.lane].before }

// add puts w at the end.
func (l *waitlist) add(w *Waiter) { l.insert(w, l.last) }

// insert puts w behind one that is in l, or, with nil, at the beginning.
func (l *waitlist) insert(w, behind *Waiter) {
	after := l.first
	if behind != nil {
		after = behind.links[l.lane].after
	}
	w.links[l.lane] = links{before: behind, after: after}
	if behind == nil {
		l.first = w
	} else {
		behind.links[l.lane].after = w
	}
	if after == nil {
		l.last = w
	} else {
		after.links[l.lane].before = w
	}
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
