package core

import "slices"

// Park is a unit in hand that waits for another unit.
type Park struct {
	Hand *Hand           // that it is in, whose consumer can take nothing meanwhile; nil if it is in none
	Done <-chan struct{} // closed when the wait is over; nil if that can't be told
}

func (p *Park) stop(c *Core, sign int) {
	if p.Hand == nil {
		c.moving -= sign
		return
	}
	p.Hand.parked += sign
	p.Hand.update()
}

// Park marks a unit in hand as waiting for another unit.
func (q *Queue) Park(p *Park) {
	q.parked++
	p.stop(q.core, 1)
	if p.Done != nil {
		q.core.parks = append(q.core.parks, p)
	} else {
		q.core.blind++
	}
	q.core.update()
}

// Unpark undoes Park.
func (q *Queue) Unpark(p *Park) {
	q.parked--
	p.stop(q.core, -1)
	if p.Done == nil {
		q.core.blind--
	}
	q.core.endPark(p)
}

func (c *Core) endPark(p *Park) {
	if i := slices.Index(c.parks, p); i >= 0 {
		c.parks = slices.Delete(c.parks, i, i+1)
	}
}

// Away says that a goroutine of q's stage waits for a unit elsewhere, until Back. One that runs a loop is told of by its
// hand; this is for one that runs none: no loop of its will come to q before the wait is over.
func (q *Queue) Away(p *Park) {
	q.away++
	q.core.parks = append(q.core.parks, p)
	q.core.update()
}

// Back undoes Away.
func (q *Queue) Back(p *Park) {
	q.away--
	q.core.endPark(p)
}

// over reports whether what the unit waited for has happened, though its goroutine did not run since.
func (p *Park) over() bool {
	select {
	case <-p.Done:
		return true
	default:
		return false
	}
}
