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
	factor float64 // 0 where the account does not ask, else 1 or more
}

// growthMemory is how many units it takes, about, to forget a peak: the factor follows the heaviest growth
// at once and falls by this part of the difference with each unit that grew less.
const growthMemory = 256

// WithGrowth charges a unit at the gate what it is expected to weigh at its peak, so that a stage that makes
// it grow does not take the process past its limit. The factor, at least 1, is where it starts; from then on
// it is learned, from what units weigh when they are forwarded or resized over what they weighed at the
// gate. The expected peak stays charged until the unit ends.
func WithGrowth(factor float64) AccountOption {
	if !(factor >= 1) || math.IsInf(factor, 1) {
		panic(fmt.Sprintf("memacct: WithGrowth(%v): a factor is 1 or more", factor))
	}
	return func(a *Account) { a.growth.factor = factor }
}

// expected is what to charge at a gate for a unit of n bytes. The lock is held.
func (l *line[T]) expected(n int64) int64 {
	if l.growth.factor <= 1 || !l.q.Gate {
		return n
	}
	return int64(min(float64(n)*l.growth.factor, core.MaxCharge))
}

// grown is unit charged for weighing now bytes. The lock is held.
func (l *line[T]) grown(unit slot[T], now int64) slot[T] {
	g := l.growth
	if g.factor == 0 {
		unit.charge = now
		return unit
	}
	unit.charge = max(unit.charge, now)
	if unit.base > 0 {
		ratio := max(1, float64(now)/float64(unit.base))
		g.factor = max(ratio, g.factor-(g.factor-ratio)/growthMemory)
	}
	return unit
}
