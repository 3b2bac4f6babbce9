package memacct

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// player plays a script of operations on a gate and a queue, one goroutine a put, and keeps books of its own:
// who has which unit, and what it is charged. The books are as plain as can be, for they are right by
// inspection: a unit is charged from the moment its put returns nil until it is ended.
type player struct {
	t      *testing.T
	script []byte
	b      *Budget
	g      *Gate[*load]
	q      *Queue[*load]
	limit  int64
	over   int64
	puts   []*pending
	held   []*Lease[*load]
	saved  []*Reservation[*load]
	grows  []*growing
	cached []func()
	cache  int64
	misuse int64
	closed bool
}

// pending is a put that may be waiting.
type pending struct {
	bytes  int64
	cancel context.CancelFunc
	err    chan error
	res    *Reservation[*load]
}

// growing is a reservation that may be waiting to grow.
type growing struct {
	to     int64
	cancel context.CancelFunc
	err    chan error
	res    *Reservation[*load]
}

func (p *player) n(below int) int {
	if len(p.script) == 0 {
		return 0
	}
	b := int(p.script[0])
	p.script = p.script[1:]
	return b % below
}

// FuzzOperations checks the accounts after every operation, in a bubble: when everybody sleeps, the books and
// the budget must agree, and nobody may sleep who fits.
func FuzzOperations(f *testing.F) {
	measure := liveHeap
	liveHeap = func() int64 { return 0 } // no forced collections: they are most of a script's time
	f.Cleanup(func() { liveHeap = measure })
	f.Add([]byte{})
	f.Add([]byte("put take forward release release resize park cancel close"))
	f.Add([]byte("\x00\x28\x00\x50\x02\x00\x50\x03\x00\x06\x00\x01\x07\x00\x05\x00\x08\x01\x0a\x20\x0b\x00\x0c\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 200 {
			return
		}
		bubble(t, func(t *testing.T) { play(t, script) })
	})
}

func play(t *testing.T, script []byte) {
	p := &player{t: t, script: script, limit: 100}
	p.over = int64(p.n(3)) * 20
	var a *Account
	p.b, a = open(t, p.limit, func(c *Config) { c.Policy = Overrun(p.over) })
	p.g, p.q = NewGate(a, "gate", 1+p.n(4), weight), NewQueue(a, "queue", 3, weight)
	ops := []func(){
		p.put, p.put, p.cancel, p.take, p.take, p.forward, p.release, p.resize, p.park, p.unpark, p.split,
		p.detach, p.drop, p.setLimit, p.reserve, p.grow, p.grow, p.settle, p.giveBack, p.charge, p.uncharge, p.panics, p.discard, p.flush, p.end,
	}
	for len(p.script) > 0 {
		ops[p.n(len(ops))]()
		synctest.Wait()
		p.check()
	}
	p.finish()
}

func (p *player) put() {
	ctx, cancel := context.WithCancel(p.t.Context())
	x := &pending{bytes: int64(p.n(130)), cancel: cancel, err: make(chan error, 1)}
	p.puts = append(p.puts, x)
	go func() { x.err <- p.g.Put(ctx, &load{x.bytes}) }()
}

func (p *player) reserve() {
	ctx, cancel := context.WithCancel(p.t.Context())
	x := &pending{bytes: int64(p.n(130)), cancel: cancel, err: make(chan error, 1)}
	p.puts = append(p.puts, x)
	go func() {
		r, err := p.g.Reserve(ctx, x.bytes)
		if r != nil {
			r.Detach()
		}
		x.res = r
		x.err <- err
	}()
}

// grow has one of the reservations grow, which may wait: nobody else has it meanwhile.
func (p *player) grow() {
	if len(p.saved) == 0 {
		return
	}
	i := p.n(len(p.saved))
	ctx, cancel := context.WithCancel(p.t.Context())
	x := &growing{cancel: cancel, err: make(chan error, 1), res: p.saved[i]}
	x.to = x.res.bytes + int64(p.n(60)) - 5
	p.saved = slices.Delete(p.saved, i, i+1)
	p.grows = append(p.grows, x)
	go func() { x.err <- x.res.GrowTo(ctx, max(0, x.to)) }()
}

func (p *player) cancel() {
	if n := len(p.puts) + len(p.grows); n > 0 {
		if i := p.n(n); i < len(p.puts) {
			p.puts[i].cancel()
		} else {
			p.grows[i-len(p.puts)].cancel()
		}
	}
}

// lease takes one unit of the gate or the queue and keeps it beyond its loop.
func (p *player) take() {
	if p.n(2) == 0 && p.g.Len() > 0 {
		p.held = append(p.held, keep(p.t, &p.g.line))
	} else if p.q.Len() > 0 {
		p.held = append(p.held, keep(p.t, &p.q.line))
	}
}

func keep(t *testing.T, l *line[*load]) (kept *Lease[*load]) {
	for x := range l.Leases(t.Context()) {
		x.Detach()
		return x
	}
	return nil
}

// pick returns a lease in hand, or nil.
func (p *player) pick() *Lease[*load] {
	if len(p.held) == 0 {
		return nil
	}
	return p.held[p.n(len(p.held))]
}

// gone takes a lease that ended off the books, and ends it once more, which must change nothing.
func (p *player) gone(l *Lease[*load]) {
	if i := slices.Index(p.held, l); i >= 0 {
		p.held = slices.Delete(p.held, i, i+1)
	}
	if p.n(3) == 0 {
		l.Release()
		p.misuse++
	}
}

func (p *player) forward() {
	if l := p.pick(); l != nil && p.q.Len() < 3 {
		if err := l.Forward(p.t.Context(), p.q); err == nil {
			p.gone(l)
		} else {
			require.ErrorIs(p.t, err, ErrClosed)
		}
	}
}

func (p *player) release() {
	if l := p.pick(); l != nil {
		l.Release()
		p.gone(l)
	}
}

func (p *player) resize() {
	if l := p.pick(); l != nil {
		l.Value().bytes = int64(p.n(130))
		require.NoError(p.t, l.Resize())
	}
}

func (p *player) park() {
	if l := p.pick(); l != nil {
		l.Park(make(chan struct{}))
	}
}

func (p *player) unpark() {
	if l := p.pick(); l != nil {
		l.Unpark()
	}
}

func (p *player) split() {
	if l := p.pick(); l != nil {
		part, err := l.Split(&load{int64(p.n(50))})
		require.NoError(p.t, err)
		p.held = append(p.held, part)
	}
}

func (p *player) detach() {
	if l := p.pick(); l != nil {
		l.Detach() // again
	}
}

// drop loses a lease; the collector finds it. It does so from outside the bubble, where nobody in it may be
// woken: so only while nobody waits.
func (p *player) drop() {
	if len(p.held) == 0 || len(p.puts) > 0 || len(p.script)%7 > 0 { // a collection is slow
		return
	}
	i := p.n(len(p.held))
	p.held[i].v = nil
	p.held = slices.Delete(p.held, i, i+1)
	before := p.b.Stats().Misuse
	for p.b.Stats().Misuse == before {
		runtime.GC()
	}
	p.misuse++
}

func (p *player) setLimit() {
	p.limit = int64(1 + p.n(200))
	require.NoError(p.t, p.b.SetLimit(Content(p.limit)))
}

func (p *player) settle() {
	if len(p.saved) == 0 || p.closed || p.g.Len() >= int(p.g.q.Slots()) {
		return
	}
	r := p.saved[len(p.saved)-1]
	p.saved = p.saved[:len(p.saved)-1]
	require.NoError(p.t, r.Put(p.t.Context(), &load{int64(p.n(60))}))
	require.ErrorIs(p.t, r.Put(p.t.Context(), &load{1}), ErrReleased)
}

func (p *player) giveBack() {
	if len(p.saved) > 0 {
		p.saved[len(p.saved)-1].Release()
		p.saved[len(p.saved)-1].Release()
		p.saved = p.saved[:len(p.saved)-1]
	}
}

func (p *player) charge() {
	n := int64(p.n(60))
	undo := p.b.owners[0].Charge(n)
	p.cache += n
	done := false
	p.cached = append(p.cached, func() {
		if undo(); !done {
			p.cache -= n
		}
		done = true
	})
}

func (p *player) uncharge() {
	if len(p.cached) > 0 {
		p.cached[p.n(len(p.cached))]()
	}
}

// panics ends a batch by a panic.
func (p *player) panics() {
	if p.q.Len() == 0 {
		return
	}
	defer func() { _ = recover() }()
	for range p.q.Batches(p.t.Context(), Batch{Size: 1 + p.n(p.q.Len())}) {
		panic("in the loop body")
	}
}

func (p *player) discard() {
	if p.n(4) == 0 {
		p.g.Discard()
	}
	p.q.Discard()
}

func (p *player) flush() { p.g.Flush(); p.q.Flush() }

func (p *player) end() {
	if p.n(8) == 0 {
		p.g.Close()
		p.closed = true
	}
}

// check compares the budget with the books.
func (p *player) check() {
	p.settlePuts()
	s, gate, queue := p.b.Stats(), p.g.Stats(), p.q.Stats()
	used, units := p.cache+gate.QueuedBytes+queue.QueuedBytes, gate.Queued+queue.Queued
	var hand int64
	for _, l := range p.held {
		hand += l.Bytes()
		require.Equal(p.t, l.Value().bytes, l.Bytes())
	}
	require.Equal(p.t, hand, gate.InHandBytes+queue.InHandBytes)
	require.Equal(p.t, len(p.held), gate.InHand+queue.InHand)
	used += hand
	units += len(p.held)
	for _, r := range p.saved {
		used += r.bytes
		units++
	}
	var waiting int64
	for _, x := range p.grows {
		used += x.res.bytes
		units++
		waiting += x.to - x.res.bytes
	}
	require.Equal(p.t, used, s.Used)
	require.Equal(p.t, units, s.Units)
	require.Equal(p.t, max(0, used-p.limit), s.Debt)
	require.Equal(p.t, p.limit, s.Limit)
	require.Equal(p.t, p.misuse, s.Misuse)
	require.Equal(p.t, len(p.puts)+len(p.grows), s.Waiters)
	for _, x := range p.puts {
		waiting += x.bytes
	}
	require.Equal(p.t, waiting, s.Waiting)
	p.checkWaiters(s, gate)
}

// settlePuts enters the puts that were decided about.
func (p *player) settlePuts() {
	var still []*pending
	for _, x := range p.puts {
		select {
		case err := <-x.err:
			x.cancel()
			if err == nil && x.res != nil {
				p.saved = append(p.saved, x.res)
			}
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
				require.ErrorIs(p.t, err, ErrOverBudget)
			}
		default:
			still = append(still, x)
		}
	}
	p.puts = still
	p.settleGrowth()
}

// settleGrowth enters the reservations that do not wait any more: they are as large as was asked, or as they were.
func (p *player) settleGrowth() {
	var still []*growing
	for _, x := range p.grows {
		select {
		case err := <-x.err:
			x.cancel()
			if err == nil {
				require.GreaterOrEqual(p.t, x.res.bytes, x.to)
			} else if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
				require.ErrorIs(p.t, err, ErrOverBudget)
			}
			p.saved = append(p.saved, x.res)
		default:
			still = append(still, x)
		}
	}
	p.grows = still
}

// checkWaiters: the head of the line waits only for a slot, or because it does not fit while something that
// can move is alive.
func (p *player) checkWaiters(s Stats, gate QueueStats) {
	if len(p.grows) > 0 {
		p.checkGrowth(s)
		return
	}
	if len(p.puts) == 0 {
		return
	}
	require.False(p.t, p.closed)
	require.Positive(p.t, s.Units, "nothing is alive, and yet %d wait", len(p.puts))
	if gate.Queued < p.g.q.Slots() {
		smallest := p.puts[0].bytes
		for _, x := range p.puts {
			smallest = min(smallest, x.bytes)
		}
		if len(p.puts) == 1 {
			require.Greater(p.t, smallest, p.limit-s.Used)
		}
		require.True(p.t, s.Pressure)
	}
}

// checkGrowth: who waits to grow waits because one of those does not fit, while something else that can move is alive.
func (p *player) checkGrowth(s Stats) {
	require.False(p.t, p.closed)
	require.True(p.t, s.Pressure)
	require.Greater(p.t, s.Units, len(p.grows), "nothing else is alive, and yet %d wait to grow", len(p.grows))
	largest := int64(0)
	for _, x := range p.grows {
		largest = max(largest, x.to-x.res.bytes)
	}
	require.Greater(p.t, largest, p.limit-s.Used)
}

// finish ends everything; nothing may be left.
func (p *player) finish() {
	for _, x := range p.grows {
		x.cancel()
	}
	for _, x := range p.puts {
		x.cancel()
	}
	synctest.Wait()
	p.settlePuts()
	require.Empty(p.t, p.puts)
	require.Empty(p.t, p.grows)
	for _, l := range p.held {
		l.Release()
	}
	for _, r := range p.saved {
		r.Release()
	}
	for _, undo := range p.cached {
		undo()
	}
	p.g.Discard()
	p.q.Discard()
	empty(p.t, p.b)
}
