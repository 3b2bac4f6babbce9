package pipeline

import (
	"fmt"

	"github.com/syncmem/syncmem/memacct"
)

// carrier tells the future that a unit carries; nil where none does.
type carrier[T any] func(T) Carried

// of returns the future of v, nil if it has none.
func (c carrier[T]) of(v T) *future {
	if c == nil {
		return nil
	}
	if f := c(v); f != nil {
		return f.carried()
	}
	return nil
}

// goOn notes that those of units that are not dropped go on to a post.
func (c carrier[T]) goOn(to *post, units []T, drop []bool) {
	if c == nil {
		return
	}
	for i, v := range units {
		if drop == nil || !drop[i] {
			c.of(v).goOn(to)
		}
	}
}

// anyHurried reports whether somebody waits for one of units.
func (c carrier[T]) anyHurried(units []T) bool {
	if c == nil {
		return false
	}
	for _, v := range units {
		if c.of(v).hurried() {
			return true
		}
	}
	return false
}

// exits notes the end of what a loop body left in b.
func (in *In[T]) exits(b *memacct.LeaseBatch[T]) {
	if b.Left() == 0 {
		return
	}
	for i, v := range b.Units() {
		if b.Has(i) {
			in.future.of(v).exit(in.post)
		}
	}
}

// name is what the hand has, by the futures of its units; "" if none has one.
func (h *hand[T]) name() string {
	if h.first == nil {
		return ""
	}
	if h.size > 1 {
		return fmt.Sprintf("%q and %d more units", h.first.name, h.size-1)
	}
	return fmt.Sprintf("%q", h.first.name)
}

// named is a hand that can be asked from a context.
type named[T any] struct {
	in *In[T]
	h  *hand[T]
}

func (n named[T]) name() string {
	n.in.mu.Lock()
	defer n.in.mu.Unlock()
	return n.h.name()
}

// inHand is what the only loop has in hand; "" where there are several.
func (in *In[T]) inHand() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.hands) != 1 {
		return ""
	}
	return in.hands[0].name()
}

// loops is how many loops there are.
func (in *In[T]) loops() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.hands)
}
