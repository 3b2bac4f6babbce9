// Package calls knows what runs in a store: when it may be freed, and whose turn it is to write.
package calls

import (
	"context"
	"sync"

	"github.com/syncmem/syncmem/contentmodel/store"
)

// Calls counts the calls of one store. All methods are safe for concurrent use.
type Calls struct {
	turn chan struct{} // holds one token while a save runs: a mutex that a context can end

	// A read-write lock would do for the counting, but a Close that waits for it would hold up every later
	// call, whatever its context says, and for ever one that a unit makes while it is being saved.
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // grows only while closed is false
	free    sync.Once
}

// New is for a store that is open.
func New() *Calls { return &Calls{turn: make(chan struct{}, 1)} }

// Begin marks a call as running, until end is called. It fails with ctx's error, or with store.ErrClosed from the moment
// Close is called; then there is nothing to end.
func (c *Calls) Begin(ctx context.Context) (end func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.running.Add(1)
	return c.running.Done, nil
}

// BeginSave is Begin for a call that writes: it waits until no other does, or ctx is done.
func (c *Calls) BeginSave(ctx context.Context) (end func(), err error) {
	done, err := c.Begin(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}

// Close refuses calls from now on, waits for those that run or wait for their turn, and runs free. Only the first Close
// runs it and has its error; one beside it returns when free is done, too.
func (c *Calls) Close(free func() error) (err error) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	c.free.Do(func() { err = free() })
	return err
}
