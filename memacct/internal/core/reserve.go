package core

// Reserve charges a unit of n bytes that has no slot yet if that needs no waiting, and reports whether it did.
func (q *Queue) Reserve(n int64) bool {
	c := q.core
	if q.closed || c.hungry || !c.fits(q.Account, n) {
		return false
	}
	q.enter(1, n)
	c.moving++
	return true
}

// Mean is what a unit of q was charged when it came, on average, in bytes; none if there was none yet.
func (q *Queue) Mean(none int64) int64 {
	if q.counts.Units == 0 {
		return none
	}
	return max(0, q.counts.Bytes/q.counts.Units) // a sum of lies may overflow
}

// unreserve ends a unit of n bytes that is charged and in no queue and no hand: a reservation given back.
func (q *Queue) unreserve(n int64) {
	q.Account.charge(-n)
	q.Account.live(-1)
	q.core.moving--
}

// Unreserve gives back a reservation of n bytes.
func (q *Queue) Unreserve(n int64) {
	q.unreserve(n)
	q.core.update()
}

// Divide makes n reservations of the one just granted: their bytes are charged already, together.
func (q *Queue) Divide(n int) {
	q.Account.live(n - 1)
	q.core.moving += n - 1
}

// Redeem turns a reservation of was bytes into a unit of now bytes in q, if it has a slot.
func (q *Queue) Redeem(was, now int64) bool {
	if !q.carriers.empty() || q.Full() || q.closed {
		return false
	}
	q.redeem(was, now)
	return true
}

// Redeemed is Redeem for a reservation that waited for its slot, as the Carried waiter w, and was granted it.
func (q *Queue) Redeemed(w *Waiter, was, now int64) {
	w.State = Idle
	q.incoming--
	q.redeem(was, now)
}

func (q *Queue) redeem(was, now int64) {
	q.Account.charge(now - was)
	q.core.moving--
	q.touch()
	q.arrive(1, now)
}
