package memacct

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each refusal ends in what to do about it, which depends on what the memory went into.
func TestWhatToDoAboutARefusal(t *testing.T) {
	content := BudgetError{Limit: 10 * mib, Used: 4 * mib, Item: 8 * mib}
	process := content
	process.Process, process.Need, process.from, process.most = 100*mib, 105*mib, given, 1000*mib
	for name, c := range map[string]struct {
		base   BudgetError
		change func(e *BudgetError)
		want   string
	}{
		"too large for the content": {content, func(e *BudgetError) { e.Reason = TooLarge }, "Raise the budget by 2.0 MiB or more, or allow an overrun of 2.0 MiB."},
		"beyond an overrun":         {content, func(e *BudgetError) { e.Reason, e.Overrun = TooLarge, mib }, "Raise the budget by 2.0 MiB or more, or allow an overrun of 2.0 MiB instead of 1.0 MiB."},
		"too large for the process": {process, func(e *BudgetError) { e.Reason = TooLarge }, "Raise the process limit to 124.3 MiB or more, or allow an overrun of 5.0 MiB."},
		"beside what reads":         {process, func(e *BudgetError) { e.Reason = Pinned }, "Have the first stage keep less, Reserve before it reads, or raise the process limit to 124.3 MiB or more."},
		"beside what is not Go's": {
			process, func(e *BudgetError) { e.Reason, e.Outside, e.Pinned = Pinned, 9*mib, 8*mib },
			"Bound what is used outside Go (C libraries, mapped memory), or raise the process limit to 124.3 MiB or more.",
		},
		"beside charges": {process, func(e *BudgetError) {
			e.Reason = Charged
			e.Accounts = []AccountStats{{Name: "rpm", Named: 3 * mib}, {Name: "deb"}, {Name: "npm", Named: mib, Holds: []HoldStats{{"index", mib}}}}
		}, "Give back what was charged by name (rpm: 3.0 MiB, npm: 1.0 MiB (index 1.0 MiB)), or raise the process limit to 124.3 MiB or more."},
		"beside floors": {content, func(e *BudgetError) { e.Reason, e.Floors = Floors, 5*mib }, "Lower the floors of the other accounts, close those that are done, or raise the budget by 7.0 MiB or more."},
		"units that wait for each other": {
			content, func(e *BudgetError) { e.Reason, e.Refused = Stalled, 3 },
			"The units in flight wait for each other, maybe for one of the 3 that were refused at once: put the units that others wait for first, raise the budget by 2.0 MiB or more, or allow an overrun of 2.0 MiB.",
		},
		"and need a slot alone": {
			content, func(e *BudgetError) { e.Reason, e.slot = Stalled, true },
			"The units in flight wait for each other: put the units that others wait for first, or let workers go on while units are parked (Detach, then Park).",
		},
		"beside others that are built": {
			content, func(e *BudgetError) { e.Reason, e.building = Stalled, true },
			"Other units are being built beside it, or wait for each other, and nothing comes free: build fewer at once, raise the budget by 2.0 MiB or more, or allow an overrun of 2.0 MiB.",
		},
		"a limit that was found": {process, func(e *BudgetError) { e.Reason, e.from = TooLarge, "GOMEMLIMIT" }, "Raise the process limit (GOMEMLIMIT) to 124.3 MiB or more, or allow an overrun of 5.0 MiB."},
		"and a wall behind it": {process, func(e *BudgetError) {
			e.Reason, e.from, e.wall, e.most = TooLarge, "GOMEMLIMIT", "cgroup /a/memory.max", 110*mib
		}, "Raise the process limit (GOMEMLIMIT) to 124.3 MiB or more, and cgroup /a/memory.max, which is 110.0 MiB, with it, or allow an overrun of 5.0 MiB."},
	} {
		e := c.base
		c.change(&e)
		require.Equal(t, c.want, e.remedy(), name)
	}
}

// Who holds what is no content follows from where it was made, as far as the runtime's samples tell.
func TestWhoHoldsWhatIsNoContent(t *testing.T) {
	sites := []Site{{Where: "sync.read read.go:7", Bytes: 6 * mib}, {Where: "sync.save save.go:9", Bytes: 4 * mib, Loop: true}}
	for want, e := range map[string]BudgetError{
		"by the first stage, or leaked": {},
		"by the first stage":            {Pinned: 10 * mib, Sites: sites, loops: 4 * mib},
		"by a stage":                    {Pinned: 8 * mib, Sites: sites, loops: 4 * mib},
		"by the first stage, or by whom it gave the units to: each finished unit leaves about 1.0 KiB behind: 4096 units, 4.0 MiB": {
			Pinned: 10 * mib, Sites: sites, loops: mib, Residue: Residue{Units: 4096, Each: 1024, Bytes: 4 * mib},
		},
		"by a stage: each finished unit leaves about 1.0 KiB behind: 4096 units, 4.0 MiB": {
			Pinned: 6 * mib, Sites: sites, loops: 4 * mib, Residue: Residue{Units: 4096, Each: 1024, Bytes: 4 * mib},
		},
	} {
		require.Equal(t, want, e.held())
	}
	named := BudgetError{Pinned: 3 * mib, Named: 5 * mib, Sites: sites, Residue: Residue{Units: 4096, Each: 1024, Bytes: 4 * mib}}
	require.NotContains(t, named.held(), "leaves", "what is charged by name is told by name")
	require.Equal(t, "; most of what lives was made at sync.read read.go:7, 6.0 MiB", (&BudgetError{Sites: sites}).made())
	require.Empty(t, (&BudgetError{}).made())
}

// The first words say what happened: to a unit, to one that nobody knows the end of, or to the whole sync.
func TestWhatWasRefused(t *testing.T) {
	e := BudgetError{Account: "rpm", Queue: "units", Reason: TooLarge, Item: 3 * mib}
	require.Equal(t, "memacct: rpm/units: a unit of 3.0 MiB does not fit (too large)", e.gist())
	e.building = true
	require.Equal(t, "memacct: rpm/units: a unit of at least 3.0 MiB, still being built, does not fit (too large)", e.gist())
	e.Reason, e.Residue.ToCome = Growing, 500
	require.Contains(t, e.gist(), "memacct: rpm/units: the sync is bound to fail (")
	require.Contains(t, e.gist(), "its units get in one by one, and 500 of them are to come")
	e.crawled, e.grew = 90*time.Second, 7*mib
	require.Contains(t, e.gist(), "its units have come in one by one for 1m30s, each after a forced collection, and what they leave behind has grown by 7.0 MiB")
}

func TestErrorsSayWhereTheMemoryIsAndWhatToDo(t *testing.T) {
	b, a := open(t, 100)
	require.Equal(t, "test", a.Name())
	require.Empty(t, (*Account)(nil).Name())
	g := NewGate(a, "units", 10, weight)
	undo := a.Charge(60)
	err := g.Put(t.Context(), &load{50}) // it would fit, but for the charge
	budget := refusedWith(t, err)
	require.Equal(t, Charged, budget.Reason)
	require.Equal(t, int64(60), budget.Used)
	require.Equal(t, int64(60), budget.Named)
	require.Equal(t, int64(50), budget.Waiting)
	require.ErrorContains(t, err, "in use by 0 units and 60 B by charges")
	require.ErrorContains(t, err, "Give back what was charged by name (test: 60 B), or raise the budget by 10 B or more.")
	require.ErrorContains(t, g.Put(t.Context(), &load{150}), "Raise the budget by 110 B or more, or allow an overrun of 110 B.")
	require.ErrorContains(t, &BudgetError{Reason: Pinned}, "Have the first stage keep less")
	require.ErrorContains(t, &BudgetError{Reason: Stalled, Debt: 7}, "7 B past it")
	require.ErrorContains(t, &BudgetError{Reason: TooLarge, Item: 100, Limit: 60, Overrun: 30}, "or allow an overrun of 40 B instead of 30 B.")
	require.NotContains(t, (&BudgetError{Reason: TooLarge, Item: 50, Limit: 60, Process: 100, Need: 90}).Error(), "overrun", "one of 0 B would be no help")
	require.ErrorContains(t, &BudgetError{Reason: Stalled}, "wait for each other")
	undo()
	require.Panics(t, func() { a.Charge(-1) })
	require.Panics(t, func() {
		for range g.Batches(t.Context(), Batch{Size: -1}) {
		}
	})
	require.Zero(t, a.Stats().Queues[0].Waits) // refused at once
	require.False(t, g.Drained())
	g.Close()
	g.Close()
	require.True(t, g.Drained())
	empty(t, b)
}

// The limit that is advised where units leave something behind has room for a last phase that works on all of it: a tenth
// is left to what is outside Go and foreseen by nobody, and the collector can run.
func TestTheLimitAdvisedHasRoomForALastPhase(t *testing.T) {
	e := &BudgetError{Reason: Pinned, Item: 2 * mib, Process: 100 * mib, Need: 90 * mib, LiveHeap: 72 * mib, Pinned: 70 * mib, files: 6 * mib, most: 1 << 40}
	require.Contains(t, e.Error(), "to 110.0 MiB or more")
	e.Residue = Residue{Units: 1000, Each: 70 << 10, Bytes: 70 * mib}
	require.Contains(t, e.Error(), "to at least 121.1 MiB, and it grows by 70.0 KiB with every unit", "(100 + 72/8) / 0.9")
	e.Residue.ToCome, e.Residue.Expected = 800, 56*mib
	require.Contains(t, e.Error(), "to 191.1 MiB or more: 800 units are to come, and leave 56.0 MiB behind; what is made of it all in memory at the end comes on top", "(156 + 128/8) / 0.9")
}
