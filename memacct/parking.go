package memacct

import (
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// parking is what a goroutine has that waits for a unit.
type parking struct {
	b     *Budget
	done  <-chan struct{}
	parks []parked
	away  parked // from the queue that it would take from; nothing if it runs a loop
}

type parked struct {
	q *core.Queue
	p *core.Park
}

// Park says that the calling goroutine, of the stage that takes from this queue, waits for another unit, until the
// function that it returns is called, once, by whatever goroutine. What its loops have in hand can't move meanwhile, nor
// can what it has reserved; and if it runs no loop, what is queued here can't either, unless other loops take from it.
// It is [Lease.Park] for who has no lease: done is as there. It costs some microseconds.
func (l *line[T]) Park(done <-chan struct{}) (unpark func()) { return l.b.park(&l.q, done) }

// ExpectLoops says that n loops are about to begin over the queue. Otherwise, where the first of them parks before the
// next has begun, it seems that nobody is left to take what comes. Loops that are never begun have a verdict never come.
func (l *line[T]) ExpectLoops(n int) {
	l.b.enter()
	l.q.Coming(n)
	l.b.leaveQuietly()
}

// Park is [Queue.Park] for a goroutine of the first stage, which takes from no queue. With a nil account it does nothing.
func (a *Account) Park(done <-chan struct{}) (unpark func()) {
	if a == nil {
		return func() {}
	}
	return a.b.park(nil, done)
}

// park is Park of who would take from q, which may be nil.
func (b *Budget) park(q *core.Queue, done <-chan struct{}) (unpark func()) {
	p, goid := &parking{b: b, done: done}, stacks.GoroutineID()
	b.enter()
	defer b.leave()
	if inner := b.holders.inner[goid]; inner != nil && goid != 0 {
		_, h := inner.handOf()
		for ; h != nil; h = h.Outer {
			p.parkLocked(h.Queue, h)
		}
	} else if q != nil {
		p.away = parked{q, &core.Park{Done: done}}
		q.Away(p.away.p)
	}
	for k := range b.holders.reservations {
		k.parkLocked(goid, p)
	}
	return p.end
}

// parkLocked parks one thing that the goroutine has: a hand, or a reservation at q.
func (p *parking) parkLocked(q *core.Queue, hand *core.Hand) {
	park := &core.Park{Hand: hand, Done: p.done}
	p.parks = append(p.parks, parked{q, park})
	q.Park(park)
}

// end undoes it.
func (p *parking) end() {
	p.b.enter()
	defer p.b.leave()
	for _, o := range p.parks {
		o.q.Unpark(o.p)
	}
	if p.away.q != nil {
		p.away.q.Back(p.away.p)
	}
}

// Still reports whether no unit in flight of the account's budget can move, those of other accounts included: none is in
// hand but for those that are parked or wait for a slot, none is queued where a loop may take it, and no wait is over. It
// rests on counts, as the verdict does that nothing will drain. With a nil account it reports false: nothing is counted.
func (a *Account) Still() bool {
	if a == nil {
		return false
	}
	a.b.enter()
	defer a.b.leaveQuietly()
	a.b.collectLocked()
	return a.b.core.Still()
}
