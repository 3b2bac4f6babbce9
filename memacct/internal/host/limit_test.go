package host

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
)

const gib int64 = 1 << 30

// hostWith is a machine whose figures are these; math.MaxInt64 is none.
func hostWith(goLimit, machine int64) *Host {
	return &Host{GoLimit: func() int64 { return goLimit }, Machine: func() int64 { return machine }}
}

// wallOf is a cgroup limit of so many bytes.
func wallOf(bytes int64) Walls { return Walls{Least: bytes, Name: "cgroup /a/memory.max"} }

// The process limit is the least that is in force, and half of the machine only where nobody set one.
func TestTheProcessLimitThatIsFound(t *testing.T) {
	const none = math.MaxInt64
	for name, c := range map[string]struct {
		goLimit, wall, machine int64
		want                   int64
		from, looked           string
	}{
		"the variable alone":             {2 * gib, none, 8 * gib, 2 * gib, "GOMEMLIMIT", "cgroup /a/memory.max"},
		"the wall alone":                 {none, 4 * gib, 8 * gib, 4 * gib, "cgroup /a/memory.max", "GOMEMLIMIT unset"},
		"the variable below the wall":    {2 * gib, 4 * gib, 8 * gib, 2 * gib, "GOMEMLIMIT", "cgroup /a/memory.max 4.0 GiB"},
		"the wall below the variable":    {6 * gib, 4 * gib, 8 * gib, 4 * gib, "cgroup /a/memory.max", "GOMEMLIMIT 6.0 GiB"},
		"both the same":                  {4 * gib, 4 * gib, 8 * gib, 4 * gib, "GOMEMLIMIT", "cgroup /a/memory.max 4.0 GiB"},
		"nothing is set":                 {none, none, 8 * gib, 4 * gib, "half of the machine's memory", "GOMEMLIMIT unset, cgroup /a/memory.max"},
		"the variable above the machine": {16 * gib, none, 8 * gib, 4 * gib, "half of the machine's memory", "GOMEMLIMIT 16.0 GiB, cgroup /a/memory.max"},
		"the wall above the machine":     {none, 16 * gib, 8 * gib, 4 * gib, "half of the machine's memory", "GOMEMLIMIT unset, cgroup /a/memory.max 16.0 GiB"},
		"all of the machine":             {none, 8 * gib, 8 * gib, 8 * gib, "cgroup /a/memory.max", "GOMEMLIMIT unset"},
		"a machine that does not tell":   {none, 4 * gib, none, 4 * gib, "cgroup /a/memory.max", "GOMEMLIMIT unset"},
		"nothing tells":                  {none, none, none, Guess, "a guess: neither GOMEMLIMIT nor a cgroup limit nor the machine's memory can be read", ""},
	} {
		found := hostWith(c.goLimit, c.machine).FindLimit(wallOf(c.wall))
		require.Equal(t, FoundLimit{Bytes: c.want, From: c.from, Looked: c.looked}, found, name)
	}
}

// A group that this process can't see into may have a lower limit: that is said, but not to somebody who set one.
func TestALimitThatMayNotBeTheLeastIsUnsure(t *testing.T) {
	w := wallOf(4 * gib)
	w.Hidden = procmem.ErrHidden
	require.ErrorIs(t, hostWith(math.MaxInt64, 8*gib).FindLimit(w).Unsure, procmem.ErrHidden)
	require.NoError(t, hostWith(2*gib, 8*gib).FindLimit(w).Unsure)
	w.Least = math.MaxInt64
	require.ErrorIs(t, hostWith(math.MaxInt64, 8*gib).FindLimit(w).Unsure, procmem.ErrHidden)
}

func TestTheMostThatAProcessCanUse(t *testing.T) {
	h := hostWith(math.MaxInt64, 8*gib)
	bytes, name := h.Ceiling(wallOf(4 * gib))
	require.EqualValues(t, 4*gib, bytes)
	require.Equal(t, "cgroup /a/memory.max", name)
	bytes, name = h.Ceiling(wallOf(16 * gib))
	require.EqualValues(t, 8*gib, bytes)
	require.Equal(t, "the machine's memory", name)
}

// A Go limit above what the kernel enforces is as good as none, and the words say what to set instead.
func TestAGoLimitBeyondTheWallIsTold(t *testing.T) {
	require.Empty(t, hostWith(math.MaxInt64, 8*gib).Beyond(wallOf(gib), false), "none is set")
	require.Empty(t, hostWith(gib, 8*gib).Beyond(wallOf(gib), false), "it is no more than the wall")
	s := hostWith(gib+1, 8*gib).Beyond(wallOf(gib), false)
	require.Contains(t, s, "above cgroup /a/memory.max 1.0 GiB")
	require.Contains(t, s, "set GOMEMLIMIT=921MiB or less")
	s = hostWith(gib+1, 8*gib).Beyond(wallOf(gib), true)
	require.Contains(t, s, "the budget sets a lower one")
	require.NotContains(t, s, "or less")
	require.Contains(t, hostWith(16*gib, 8*gib).Beyond(wallOf(math.MaxInt64), false), "above the machine's memory 8.0 GiB")
}

// What a wall is called follows from the group's own limits, the one that can't be seen, and why there is none.
func TestTheNameOfAWall(t *testing.T) {
	high := procmem.Bound{Dir: "/a", File: "memory.high", Bytes: 2 * gib}
	for name, c := range map[string]struct {
		w    Walls
		want string
	}{
		"one of its own":             {Walls{Name: noWall, bounds: []procmem.Bound{high}}, "cgroup /a/memory.high 2.0 GiB"},
		"a lower one that is hidden": {Walls{Name: noWall, bounds: []procmem.Bound{high}, unseen: gib}, "cgroup limit of a group that this process can't see 1.0 GiB"},
		"a higher one that is":       {Walls{Name: noWall, bounds: []procmem.Bound{high}, unseen: 3 * gib}, "cgroup /a/memory.high 2.0 GiB"},
		"none":                       {Walls{Name: noWall}, noWall},
		"none, and why":              {Walls{Name: noWall + ": not mounted"}, noWall + ": not mounted"},
		"one that is gone":           {Walls{Name: "cgroup /a/memory.max"}, noWall},
	} {
		require.Equal(t, c.want, c.w.named().String(), name)
	}
}
