package memacct

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizesThatLie(t *testing.T) {
	b, a := open(t, 100)
	var size *SizeError
	negative := NewGate(a, "negative", 1, func(*load) int64 { return -1 })
	require.ErrorAs(t, negative.Put(t.Context(), &load{}), &size)
	panics := NewGate(a, "panics", 1, func(*load) int64 { panic("no size") })
	require.ErrorAs(t, panics.Put(t.Context(), &load{}), &size)
	require.ErrorContains(t, size, "no size")
	require.Contains(t, size.Where, " weigh_test.go:")
	require.PanicsWithValue(t, "memacct: this queue was not made by NewGate or NewQueue", func() { _ = new(Gate[*load]).Put(t.Context(), nil) })
	huge := NewGate(a, "huge", 1, func(*load) int64 { return 1<<63 - 1 })
	require.ErrorIs(t, huge.Put(t.Context(), &load{}), ErrOverBudget)
	down := NewQueue(a, "down", 3, func(*load) int64 { return 1<<63 - 1 })
	for range 3 { // never waits for memory, whatever the debt
		require.NoError(t, down.Put(t.Context(), &load{}))
	}
	require.Positive(t, b.Stats().Debt)
	down.Discard()
	empty(t, b)
}
