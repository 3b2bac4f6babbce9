package memacct

import (
	"runtime"
	"sync"
	"weak"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// neighbours are the budgets of this process that steer by a process limit. Usually there is one. Several share what
// the process has free, for what one holds lives beside the content of the others.
var neighbours struct {
	mu  sync.Mutex
	all map[weak.Pointer[Budget]]struct{}
}

// joinNeighbours makes the budget a neighbour of the others, until it is closed or collected.
func (b *Budget) joinNeighbours() {
	w := weak.Make(b)
	neighbours.mu.Lock()
	defer neighbours.mu.Unlock()
	if neighbours.all == nil {
		neighbours.all = map[weak.Pointer[Budget]]struct{}{}
	}
	if _, there := neighbours.all[w]; !there {
		neighbours.all[w] = struct{}{}
		runtime.AddCleanup(b, leaveNeighbours, w)
	}
}

func leaveNeighbours(w weak.Pointer[Budget]) {
	neighbours.mu.Lock()
	defer neighbours.mu.Unlock()
	delete(neighbours.all, w)
}

// others are the neighbours of this budget.
func (b *Budget) others() (others []*Budget) {
	neighbours.mu.Lock()
	defer neighbours.mu.Unlock()
	for w := range neighbours.all {
		if o := w.Value(); o != nil && o != b {
			others = append(others, o)
		}
	}
	return others
}

// neighbours reads what the other budgets hold, in bytes, and says how many there are with this one. No lock may be
// held: theirs are taken, one after the other.
func (b *Budget) neighbours(of func(core.Snapshot) int64) (used []int64, share int) {
	others := b.others()
	for _, o := range others {
		o.enter()
		used = append(used, of(o.core.Snapshot()))
		o.leaveQuietly()
	}
	return used, len(others) + 1
}

// liveBeside measures the live heap, and tells how much of it, in bytes, is content of other budgets. They are at work
// meanwhile, so that is what they held at least. No lock may be held.
func (b *Budget) liveBeside(measure func() int64) (live, others int64) {
	used := func(s core.Snapshot) int64 { return s.Used }
	before, _ := b.neighbours(used)
	live = measure()
	after, _ := b.neighbours(used)
	return live, min(live, govern.Sum(before), govern.Sum(after))
}
