package synth

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		p := newPermutation(n, rapid.Uint64().Draw(t, "key"))
		seen := make([]bool, n)
		for i := range n {
			to := p.at(i)
			require.False(t, seen[to], "%d is met twice", to)
			seen[to] = true
			require.Equal(t, i, p.from(to))
		}
	})
}

// Every order yields every unit exactly once, and is what its name says.
func TestOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLayout(rapid.IntRange(0, 1500).Draw(t, "units"), rapid.IntRange(1, 40).Draw(t, "cluster"), rapid.Uint64().Draw(t, "key"))
		all := slices.Collect(l.in(Natural))
		require.True(t, slices.IsSorted(all))
		require.Len(t, all, l.units)
		for _, o := range orders {
			got := slices.Collect(l.in(o))
			checkOrder(t, o, &l, got)
			slices.Sort(got)
			require.Equal(t, all, got, o)
		}
	})
}

func checkOrder(t *rapid.T, o Order, l *layout, ids []int) {
	byRank := func(a, b int) int { return l.rank(a) - l.rank(b) }
	giants := (l.units + 99) / 100 // of them some may have been cut off
	first := slices.IndexFunc(ids, func(id int) bool { return l.rank(id) >= l.ranks()-giants })
	last := len(ids)
	for ; last > 0 && l.rank(ids[last-1]) < l.ranks()-giants; last-- {
	}
	switch o {
	case Ascending:
		require.True(t, slices.IsSortedFunc(ids, byRank))
	case Descending:
		slices.Reverse(ids)
		require.True(t, slices.IsSortedFunc(ids, byRank))
	case GiantsFirst:
		require.LessOrEqual(t, first, 0)
		require.LessOrEqual(t, last, giants)
	case GiantsLast:
		require.True(t, first < 0 || first >= len(ids)-giants)
	case GiantsAdjacent:
		require.True(t, first < 0 || last-first <= giants)
	case GiantsInFour:
		rows, before := 0, false
		for _, id := range ids {
			giant := l.rank(id) >= l.ranks()-giants
			if giant && !before {
				rows++
			}
			before = giant
		}
		require.LessOrEqual(t, rows, 4)
	}
}
