package memacct

import (
	"fmt"
	"math"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// growth is how much heavier an account's units get downstream than they were at the gate: a stage may
// decompress, decode or attach. It is guarded by the budget's lock. The zero value charges each unit what it
// weighs, and growth becomes debt when it happens.
type growth struct {
	asked  bool
	factor float64 // that a gate charges; 1 or more if it was asked for
	given  float64 // the factor that WithGrowth gave, while it is not forgotten
}

// Growth is learned queue by queue, since each stage makes units grow in its own way: a factor follows the
// heaviest growth at once, and falls by a part of the difference with each unit that grew less.
const (
	growthMemory = 256               // units, about, that it takes to forget a peak of one queue
	givenMemory  = 16 * growthMemory // and what WithGrowth gave: more than a batch in each of some stages
)

// WithGrowth charges a unit at the gate what it is expected to weigh at its peak, so that a stage that makes
// it grow does not take the process past its limit. The factor, at least 1, is where it starts; from then on
// it is learned, from what units weigh when they are forwarded or resized over what they weighed at the
// gate: it is the largest [QueueStats].Growth of the account's queues. The expected peak stays charged until the
// unit ends. A reservation is charged, likewise, for what is to be read.
func WithGrowth(factor float64) AccountOption {
	if !(factor >= 1) || math.IsInf(factor, 1) {
		panic(fmt.Sprintf("memacct: WithGrowth(%v): a factor is 1 or more", factor))
	}
	return func(a *Account) { a.growth = growth{true, factor, factor} }
}

// expectedLocked is what to charge at a gate for a unit of n bytes.
func (l *line[T]) expectedLocked(n int64) int64 {
	if l.a.growth.factor <= 1 || !l.q.Gate {
		return n
	}
	return int64(min(float64(n)*l.a.growth.factor, core.MaxCharge))
}

// grownLocked is what a unit of a's is charged that weighs now bytes in a queue, and learns from it.
func (a *Account) grownLocked(in *queueInfo, c cost, now int64) cost {
	if c.base > 0 {
		in.growth = follow(in.growth, max(1, float64(now)/float64(c.base)), growthMemory)
	}
	g := &a.growth
	if !g.asked {
		c.charge = now
		return c
	}
	c.charge = max(c.charge, now)
	g.given = follow(g.given, 1, givenMemory)
	g.factor = g.given
	for _, i := range a.queues {
		g.factor = max(g.factor, i.growth)
	}
	return c
}

// follow is a peak after another value was seen.
func follow(peak, value, memory float64) float64 {
	return max(value, peak-(peak-value)/memory)
}
