package memacct

import "time"

// clock looks at the puts that wait at gates, while any do: see tick. Guarded by the budget's lock.
type clock struct {
	timer *time.Timer
	runs  bool
}

// tickEvery is how often a budget looks at who waits at its gates. A put that waits for itself is told so after one
// or two of these: most waits are over by then, also of those who hold a unit.
const tickEvery = time.Second

// tick looks at the puts that have waited at gates for long, and goes on as long as any wait. One clock for all
// costs less than a timer for each.
func (b *Budget) tick() {
	b.regulateIfDue() // no collection may come that would
	b.enter()
	waits := b.tellNestedLocked()
	untaken, soon := b.untakenLocked(time.Now())
	if b.clock.runs = waits || soon; b.clock.runs {
		b.clock.timer.Reset(tickEvery)
	}
	b.leaveAndWake(b.core.Alert()) // to the watch on stalls, who is only asked whether it has waited too long is no news
	b.tellUntaken(untaken)
}

// startClock has tick called. It is made here and not with the budget, for a synctest bubble has its own time.
func (b *Budget) startClock() {
	b.clock.runs = true
	if b.clock.timer == nil {
		b.clock.timer = time.AfterFunc(tickEvery, b.tick)
	} else {
		b.clock.timer.Reset(tickEvery)
	}
}
