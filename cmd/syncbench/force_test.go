package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// Each moment is judged by the limit that was in force then, and both are kept.
func TestLimitInForce(t *testing.T) {
	const mib = bytesize.MiB
	type step struct {
		after time.Duration
		wall  int64 // of the cgroup
		used  int64
	}
	for _, c := range []struct {
		name    string
		steps   []step
		closest moment
		limits  string
	}{
		{"no wall", []step{{0, procmem.NoLimit, 100 * mib}, {time.Second, procmem.NoLimit, 200 * mib}}, moment{1, 200 * mib, 256 * mib}, "256.0 MiB (--limit)"},
		{"a higher wall", []step{{0, 300 * mib, 260 * mib}}, moment{0, 260 * mib, 256 * mib}, "256.0 MiB (--limit)"},
		{"a wall rounded down to pages", []step{{0, 256*mib - 4096, 260 * mib}}, moment{0, 260 * mib, 256 * mib}, "256.0 MiB (--limit)"},
		{"a lower one from the start", []step{{0, 64 * mib, 60 * mib}}, moment{0, 60 * mib, 64 * mib}, "256.0 MiB (--limit), then 64.0 MiB (cgroup /g/memory.high, after 0s)"},
		{
			"lowered",
			[]step{{0, 256 * mib, 100 * mib}, {time.Second, 64 * mib, 100 * mib}, {3 * time.Second, 64 * mib, 50 * mib}},
			moment{3, 50 * mib, 64 * mib},
			"256.0 MiB (--limit), then 64.0 MiB (cgroup /g/memory.high, after 1s)",
		},
		{
			"lowered, and what was in use stays",
			[]step{{0, 256 * mib, 100 * mib}, {time.Second, 64 * mib, 100 * mib}, {3 * time.Second, 64 * mib, 100 * mib}},
			moment{3, 100 * mib, 64 * mib},
			"256.0 MiB (--limit), then 64.0 MiB (cgroup /g/memory.high, after 1s)",
		},
		{
			"lowered again meanwhile: the highest counts, for a second from the first fall",
			[]step{{0, 256 * mib, 1}, {time.Second, 128 * mib, 200 * mib}, {1500 * time.Millisecond, 64 * mib, 200 * mib}, {2100 * time.Millisecond, 64 * mib, 70 * mib}},
			moment{2.1, 70 * mib, 64 * mib},
			"256.0 MiB (--limit), then 128.0 MiB (cgroup /g/memory.high, after 1s), then 64.0 MiB (cgroup /g/memory.high, after 1.5s)",
		},
		{
			"lowered and raised",
			[]step{{0, 64 * mib, 1}, {2 * time.Second, 64 * mib, 60 * mib}, {3 * time.Second, 256 * mib, 200 * mib}},
			moment{2, 60 * mib, 64 * mib},
			"256.0 MiB (--limit), then 64.0 MiB (cgroup /g/memory.high, after 0s), then 256.0 MiB (--limit, after 3s)",
		},
		{
			"read now and then only", []step{{0, 256 * mib, 1}, {limitEvery / 2, 64 * mib, 1}}, moment{0, 1, 256 * mib}, "256.0 MiB (--limit)",
		},
	} {
		began := time.Now()
		var wall int64
		f := newForce(256*mib, limitFromFlag, began, func() procmem.Bound { return procmem.Bound{Bytes: wall, Dir: "/g", File: "memory.high"} })
		for _, s := range c.steps {
			wall = s.wall
			f.judge(began.Add(s.after), s.used)
		}
		require.Equal(t, c.closest, *f.closest, c.name)
		require.Equal(t, c.limits, limitWords(f.changes), c.name)
	}
}

// A limit that --resize brings into force judges what comes after it, and a wall that is lower does still.
func TestResizeInForce(t *testing.T) {
	const mib = bytesize.MiB
	began, wall := time.Now(), procmem.NoLimit
	f := newForce(256*mib, limitFromFlag, began, func() procmem.Bound { return procmem.Bound{Bytes: wall, Dir: "/g", File: "memory.high"} })
	f.then = resize{2 * time.Second, 128 * mib}
	for _, s := range []struct {
		after time.Duration
		wall  int64
	}{{0, procmem.NoLimit}, {2 * time.Second, procmem.NoLimit}, {4 * time.Second, 64 * mib}, {6 * time.Second, procmem.NoLimit}} {
		wall = s.wall
		f.judge(began.Add(s.after), mib)
	}
	require.Equal(t, "256.0 MiB (--limit), then 128.0 MiB (--resize, after 2s), then 64.0 MiB (cgroup /g/memory.high, after 4s), then 128.0 MiB (--resize, after 6s)", limitWords(f.changes))
}

// A limit that changes all the time is not kept for ever.
func TestLimitsAreNotKeptForEver(t *testing.T) {
	began, n := time.Now(), int64(100)
	f := newForce(1<<30, limitFromFlag, began, func() procmem.Bound { return procmem.Bound{Bytes: n, Dir: "/g", File: "memory.max"} })
	for ; n < 300; n++ {
		f.judge(began.Add(time.Duration(n)*limitEvery), 1)
	}
	require.Len(t, f.changes, mostChanges)
	require.Equal(t, limitFromFlag, f.changes[0].From)
	require.EqualValues(t, n-1, f.changes[mostChanges-1].Bytes)
}
