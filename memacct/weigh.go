package memacct

import (
	"fmt"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// weigh calls the size function, which is the user's: it may panic, or answer nonsense.
func (l *line[T]) weigh(v T) (n int64, err error) {
	if l.b.mode == Off {
		return 0, nil
	}
	n = -1 // and so it stays after a panic: to look at that costs less than to recover every time
	defer func() {
		if n < 0 {
			n, err = 0, l.sizeError(v, n, recover())
		}
	}()
	n = min(l.size(v), core.MaxCharge)
	return n, nil
}

// sizeError is the error for a size function that answered n bytes for v, or panicked. It is called by what is
// deferred around that.
func (l *line[T]) sizeError(v T, n int64, panicked any) error {
	if l.b == nil {
		panic("memacct: this queue was not made by NewGate or NewQueue")
	}
	e := &SizeError{Queue: l.q.Name, Type: fmt.Sprintf("%T", v), Panic: panicked}
	if panicked == nil {
		e.Bytes = n
	} else {
		e.Where = stacks.PanicPlace()
	}
	return e
}

// weighAll weighs units up to the first that fails, and returns how many that were. One recover serves them all.
func (l *line[T]) weighAll(vs []T, costs []cost) (n int) {
	if l.b.mode == Off {
		clear(costs[:len(vs)])
		return len(vs)
	}
	defer func() { _ = recover() }() // weigh says it once more, with its name
	for n < len(vs) {
		size := l.size(vs[n])
		if size < 0 {
			break
		}
		costs[n].base = min(size, core.MaxCharge)
		n++
	}
	return n
}

// SizeError says that a size function failed, which is a mistake in the program: the unit was not accepted.
type SizeError struct {
	Queue string
	Type  string // of the unit
	Bytes int64  // what the function answered, if it did
	Panic any    // what it panicked with, if it did
	Where string // function, file and line that panicked; "" if it did not
}

// Error names the queue, the type and what the function did.
func (e *SizeError) Error() string {
	if e.Panic != nil {
		return fmt.Sprintf("memacct: queue %q: the size function panicked on a %s, at %s: %v", e.Queue, e.Type, e.Where, e.Panic)
	}
	return fmt.Sprintf("memacct: queue %q: the size function says a %s has %d bytes: it must answer 0 or more", e.Queue, e.Type, e.Bytes)
}
