package core

import "fmt"

// judgedGrowth: of those who wait to grow the oldest overruns, and one is refused that could not be served at all, else
// the youngest.
func (w *world) judgedGrowth(before *world, who string, x *Waiter) error {
	hopeless := func(x *Waiter) bool { // alone, whatever else is in flight now: the event may have let somebody in since
		a := x.Queue.Account
		most := w.c.limit - w.c.named + w.sc.overrun
		for i := range w.accts {
			if o := &w.accts[i]; o != a && !o.removed {
				most -= max(0, o.Floor-o.named)
			}
		}
		return x.Held+x.Bytes > max(most, a.Floor-a.named)
	}
	if x.State == Refused && (x.Reason == Oversize) != hopeless(x) {
		return fmt.Errorf("%s refused as %v, with %d bytes that were to become %d, of %d", who, x.Reason, x.Held, x.Held+x.Bytes, w.c.limit)
	}
	for i := range w.pw {
		y := &w.pw[i]
		if y == x || !y.Grows || y.State != Waiting || before.pw[i].State != Waiting {
			continue
		}
		switch {
		case x.State == Granted && y.Turn < x.Turn:
			return fmt.Errorf("%s overran though producer %d has waited longer", who, i)
		case x.State == Refused && x.Reason == Stalled && (hopeless(y) || y.Turn > x.Turn):
			return fmt.Errorf("%s refused, and not producer %d (%d bytes that are to become %d)", who, i, y.Held, y.Held+y.Bytes)
		}
	}
	return nil
}

// turn is the place of a producer's reservation among those that had to wait to grow.
func (w *world) turn(i int) (n int) {
	if !w.prods[i].held || w.pw[i].Turn == 0 {
		return 0
	}
	for j := range w.prods {
		if w.prods[j].held && w.pw[j].Turn > 0 && w.pw[j].Turn <= w.pw[i].Turn {
			n++
		}
	}
	return n
}
