package core

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// check compares l, read in both directions, with want.
func (l *waitlist) check(t *testing.T, want []*Waiter) {
	t.Helper()
	var forth, back []*Waiter
	for w := l.first; w != nil; w = l.after(w) {
		forth = append(forth, w)
	}
	for w := l.last; w != nil; w = w.links[l.lane].before {
		back = append(back, w)
	}
	slices.Reverse(back)
	if !slices.Equal(forth, want) || !slices.Equal(back, want) || l.n != len(want) || l.empty() != (len(want) == 0) {
		t.Fatalf("list of %d: forward %p, backward %p, want %p", l.n, forth, back, want)
	}
}

func TestWaitlistIsALine(t *testing.T) {
	all := waitlist{lane: inLine}
	some := waitlist{lane: slotless}
	var wantAll, wantSome []*Waiter
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		if len(wantAll) == 0 || len(wantAll) < 12 && r.IntN(2) == 0 {
			w := &Waiter{NoSlot: r.IntN(2) == 0}
			all.add(w)
			wantAll = append(wantAll, w)
			if w.NoSlot {
				some.add(w)
				wantSome = append(wantSome, w)
			}
		} else {
			w := wantAll[r.IntN(len(wantAll))]
			all.remove(w)
			wantAll = slices.DeleteFunc(wantAll, func(x *Waiter) bool { return x == w })
			if w.NoSlot {
				some.remove(w)
				wantSome = slices.DeleteFunc(wantSome, func(x *Waiter) bool { return x == w })
			}
			if w.links != ([lanes]links{}) {
				t.Fatal("a waiter that left keeps others alive")
			}
		}
		all.check(t, wantAll)
		some.check(t, wantSome)
	}
}
