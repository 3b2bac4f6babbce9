package memacct

import (
	"runtime"
	"time"
	"weak"

	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// DefaultStallAfter is how long nothing may move before that is reported.
const DefaultStallAfter = 30 * time.Second

// The pace of the watch.
const (
	looks         = 4           // into a budget in Config.StallAfter
	firstGap      = time.Minute // from one report to the next; it doubles with each that follows soon
	mostGap       = time.Hour   // up to this
	mostFruitless = 4096        // looks without a move until the watch sleeps: eight hours and a half
)

// stall watches whether units move. What it costs is a look now and then, at counters that are kept anyway:
// nothing for a unit. The fields are guarded by the budget's lock.
type stall struct {
	after, tick time.Duration // 0 for no watch
	armed       bool          // a timer runs
	last        core.Progress
	moved       time.Time // when last differed from before, at the latest
	fruitless   int       // looks since then
	told        bool      // that nothing moves since then
	reported    time.Time
	gap         time.Duration
}

func (s *stall) set(after time.Duration) {
	switch {
	case after < 0:
		return
	case after == 0:
		after = DefaultStallAfter
	}
	s.after, s.tick = after, max(1, after/looks)
}

// watchLocked starts to look in, if nobody does. It is called where somebody begins to wait, is woken, or begins a
// loop: not for each unit.
func (b *Budget) watchLocked() {
	s := &b.stall
	if s.armed || s.tick == 0 {
		return
	}
	s.armed, s.told, s.fruitless = true, false, 0
	s.last, s.moved = b.core.Progress(), time.Now()
	b.wind()
}

// wind sets the timer. It is made anew each time and never stopped, so that nothing reaches from one synctest
// bubble into another; and it does not keep a budget alive that nobody closed.
func (b *Budget) wind() {
	w := weak.Make(b)
	time.AfterFunc(b.stall.tick, func() {
		if b := w.Value(); b != nil {
			b.checkStall()
		}
	})
}

// checkStall sees whether anything moved, and reports if it is due.
func (b *Budget) checkStall() {
	b.enter()
	b.collectLocked()
	now := time.Now()
	b.ageLocked(now)
	ended, due := b.stall.step(now, b.core.Progress(), b.working())
	if b.stall.armed {
		b.wind()
	}
	b.leave()
	if ended > 0 {
		b.emit(Event{Kind: EventMoves, Text: "units move again, after " + text.About(ended)})
	}
	if due && !b.findLost() {
		b.emit(b.inspect(false).stall())
	}
}

// findLost forces a collection where leases or reservations are held outside of loops, which may have been lost, and
// reports whether that had anything move. With GOGC=off, or in a process that stands still, none comes by itself.
func (b *Budget) findLost() bool {
	b.enter()
	outside, before := len(b.holders.detached)+b.holders.open > 0, b.core.Progress()
	b.leaveQuietly()
	if !outside {
		return false
	}
	runtime.GC()
	for range lostLooks { // cleanups run on a goroutine of the runtime's
		b.enter()
		moved := b.core.Progress() != before
		b.leaveQuietly()
		if moved {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// lostLooks is how often it is looked whether a collection has found something that was lost.
const lostLooks = 100

// working reports whether there is something that could move.
func (b *Budget) working() bool {
	s := b.core.Snapshot()
	return s.Units > 0 || s.Waiters > 0
}

// step takes one look. ended is how long a stall was that was reported and is over; due says that one is to
// be reported.
func (s *stall) step(now time.Time, p core.Progress, work bool) (ended time.Duration, due bool) {
	if p != s.last || !work {
		if s.told {
			ended = now.Sub(s.moved)
		}
		s.last, s.moved, s.fruitless, s.told = p, now, 0, false
	}
	s.fruitless++
	s.armed = work && s.fruitless < mostFruitless
	if now.Sub(s.moved) < s.after || !s.reported.IsZero() && now.Sub(s.reported) < s.gap {
		return ended, false
	}
	s.gap = s.nextGap(now)
	s.reported, s.told = now, true
	return ended, true
}

// still is how long nothing moved, if that is a stall.
func (s *stall) still(now time.Time) time.Duration {
	if d := now.Sub(s.moved); s.armed && d >= s.after {
		return d
	}
	return 0
}

// nextGap is how long to say nothing after a report.
func (s *stall) nextGap(now time.Time) time.Duration {
	if s.reported.IsZero() || now.Sub(s.reported) > 2*s.gap {
		return firstGap
	}
	return min(2*s.gap, mostGap)
}
