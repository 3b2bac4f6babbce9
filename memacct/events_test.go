package memacct

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventsAreKeptLoggedAndTold(t *testing.T) {
	b, a, log := logged(t)
	var told []EventKind
	stop := b.Watch(func(e Event) {
		require.False(t, e.At.IsZero())
		b.Stats() // no lock is held
		told = append(told, e.Kind)
	})
	require.NoError(t, b.SetLimit(Content(200)))
	b.reportMisuse("Release", &NewGate(a, "units", 1, weight).q, callSite(0), 0)
	stop()
	stop()
	require.NoError(t, b.SetLimit(Content(100)))

	require.Equal(t, []EventKind{EventLimit, EventMisuse}, told)
	var kept []EventKind
	for _, e := range b.Events() {
		kept = append(kept, e.Kind)
	}
	require.Equal(t, []EventKind{EventOpened, EventLimit, EventMisuse, EventLimit}, kept)
	require.Contains(t, log(), "level=ERROR msg=\"memacct: Release of a lease that had ended")
	require.Contains(t, log(), "level=INFO msg=\"memacct: the limit changed: content limit of 200 B (given)\" event=limit bytes=\"200 B\"")
}

func TestOnlyTheLatestEventsAreKept(t *testing.T) {
	b, _ := open(t, 100)
	for i := range 2 * keptEvents {
		require.NoError(t, b.SetLimit(Content(int64(i)+1)))
	}
	kept := b.Events()
	require.Len(t, kept, keptEvents)
	require.EqualValues(t, 2*keptEvents, kept[keptEvents-1].Bytes)
	require.True(t, slices.IsSortedFunc(kept, func(x, y Event) int { return x.At.Compare(y.At) }))
}

func TestStatsSayWhatTheProcessAndEachAccountHold(t *testing.T) {
	b, a := open(t, 1000)
	cache := b.Account("cache", WithFloor(10), WithWeight(2))
	free := cache.Charge(30)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 40)
	s := b.Stats()
	require.Positive(t, s.Memory.Live)
	require.Equal(t, b.base, s.Memory.Baseline)
	require.Positive(t, s.Memory.Go)
	require.Len(t, s.Accounts, 2)
	require.Equal(t, AccountStats{Name: "cache", Used: 30, Peak: 30, Named: 30, Floor: 10, Weight: 2}, s.Accounts[1])
	require.Equal(t, "*memacct.load", s.Queues[0].Type)
	require.Equal(t, 10, s.Queues[0].Capacity)
	free()
	g.Discard()
	empty(t, b)
}
