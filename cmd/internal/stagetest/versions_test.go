package stagetest

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
	"github.com/syncmem/syncmem/internal/procmem"
)

// The real thing, or more of the same: indices to sync one after the other, with commas between them, and how many units
// a version has. Peaks are those of the whole process: run one test with one store at a time.
const (
	debVersionsEnv = "SYNCMEM_DEB_VERSIONS" // paths or URLs of Packages
	membersEnv     = "SYNCMEM_VERSION_UNITS"
)

// TestVersionsOfDebian has one repository become each of the indices in turn.
func TestVersionsOfDebian(t *testing.T) {
	list := os.Getenv(debVersionsEnv)
	if list == "" {
		t.Skip("SKIPPED: no index of Debian is synced; " + debVersionsEnv + " names none")
	}
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t).(store.Versioned)
			defer s.Close()
			for _, path := range strings.Split(list, ",") {
				first, _ := version(t, s, packages(t, path))
				again, _ := version(t, s, packages(t, path))
				require.Equal(t, first, again, "the same units make no other version")
				wantMembers(t, s, first)
			}
		})
	}
}

func packages(t *testing.T, path string) iter.Seq2[contentmodel.Unit, error] {
	s, err := contentsource.Open(t.Context(), path, contentsource.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return asUnits(deb.ReadPackages(path, s))
}

// TestVersionMemory: however many units a version has, nothing in our heap grows with them; of what lies outside it, the
// peak is told.
func TestVersionMemory(t *testing.T) {
	n := 10_000
	if more, err := strconv.Atoi(os.Getenv(membersEnv)); err == nil {
		n = more
	}
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t).(store.Versioned)
			defer s.Close()
			first, grew := version(t, s, numbered(0, n))
			require.Equal(t, store.Version{Repository: "r", Number: 1, Units: int64(n), Added: int64(n)}, first)
			require.Less(t, grew, int64(2<<20), "bytes of live heap when it is published")
			second, grew := version(t, s, numbered(n/100, n))
			require.Equal(t, store.Version{Repository: "r", Number: 2, Units: int64(n), Added: int64(n / 100), Removed: int64(n / 100)}, second)
			require.Less(t, grew, int64(2<<20), "bytes of live heap when it is published")
			wantMembers(t, s, first)
			wantMembers(t, s, second)
		})
	}
}

// numbered are small units, each made when it is asked for.
func numbered(first, n int) iter.Seq2[contentmodel.Unit, error] {
	return func(yield func(contentmodel.Unit, error) bool) {
		for i := range n {
			if !yield(&storetest.Unit{Name: fmt.Sprintf("unit %08d", first+i), Len: 50}, nil) {
				return
			}
		}
	}
}

// version syncs units into a store as the next version of a repository, tells what that cost, and returns how many bytes of live
// heap were there at its end that were not there before.
func version(t *testing.T, s store.Versioned, units iter.Seq2[contentmodel.Unit, error]) (v store.Version, grew int64) {
	t.Helper()
	base, _ := procmem.RSSAnon()
	sampler := procmem.StartSampler(5*time.Millisecond, nil)
	defer sampler.Stop()
	before := liveHeap()
	d, err := s.Begin(t.Context(), "r")
	require.NoError(t, err)
	defer d.Discard()
	var save, add time.Duration
	var batch []contentmodel.Unit
	flush := func() {
		save += timed(func() { _, err = s.Save(t.Context(), batch) })
		require.NoError(t, err)
		add += timed(func() { err = d.Add(t.Context(), batch) })
		require.NoError(t, err)
		batch = batch[:0]
	}
	for u, err := range units {
		require.NoError(t, err)
		if batch = append(batch, u); len(batch) == 500 {
			flush()
		}
	}
	flush()
	clear(batch[:cap(batch)])
	publish := timed(func() { v, err = d.Publish(t.Context()) })
	require.NoError(t, err)
	grew = liveHeap() - before
	sampler.Stop()
	t.Logf("version %d: %d units, %d added, %d removed, %d kept; save %.2f s, add %.2f s, publish %.2f s; RssAnon %.1f MiB at the begin, %.1f MiB at most",
		v.Number, v.Units, v.Added, v.Removed, v.Units-v.Added, save.Seconds(), add.Seconds(), publish.Seconds(),
		float64(base)/(1<<20), float64(sampler.Peak().RSSAnon)/(1<<20))
	return v, grew
}

func timed(fn func()) time.Duration {
	start := time.Now()
	fn()
	return time.Since(start)
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wantMembers reads a version, in order, holding one name at a time.
func wantMembers(t *testing.T, s store.Versioned, v store.Version) {
	t.Helper()
	var n int64
	var last store.Name
	before, most := liveHeap(), int64(0)
	took := timed(func() {
		for name, err := range s.Units(context.Background(), v.Repository, v.Number) {
			require.NoError(t, err)
			require.True(t, last.Kind < name.Kind || last.Kind == name.Kind && last.Key < name.Key, "order")
			last = name
			if n++; n%(v.Units/4+1) == 0 {
				most = max(most, liveHeap()-before)
			}
		}
	})
	require.Equal(t, v.Units, n)
	require.Less(t, most, int64(2<<20), "bytes of live heap in the middle of a version")
	t.Logf("version %d was read in %.2f s", v.Number, took.Seconds())
}
