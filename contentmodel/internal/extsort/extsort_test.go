package extsort

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSort compares with a map, for sorters that have room for next to nothing,
// so that runs are merged several times.
func TestSort(t *testing.T) {
	t.Run("any", rapid.MakeCheck(func(t *rapid.T) {
		s := New("", "why")
		s.memory = rapid.SampledFrom([]int{300, 2000, memory}).Draw(t, "memory")
		want := make(map[string][]string)
		word := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "ab", "b", "usr/bin/a", "usr/bin/b", strings.Repeat("x", 9000)}), rapid.String())
		for range rapid.IntRange(0, 120).Draw(t, "n") {
			k, v := word.Draw(t, "key"), word.Draw(t, "value")
			require.NoError(t, s.Add([]byte(k), []byte(v)))
			want[k] = append(want[k], v)
		}
		sorted, err := s.Sort()
		require.NoError(t, err)
		defer sorted.Close()
		check(t, sorted, want, rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "order"))))
	}))
	t.Run("many", func(t *testing.T) {
		s := New(t.TempDir(), "why")
		s.memory = 600
		want := make(map[string][]string)
		for i := range 20_000 {
			k, v := fmt.Sprintf("key%d", i*7919%100), fmt.Sprintf("value/%d", i)
			require.NoError(t, s.Add([]byte(k), []byte(v)))
			want[k] = append(want[k], v)
		}
		sorted, err := s.Sort()
		require.NoError(t, err)
		defer sorted.Close()
		require.Less(t, len(sorted.runs), 3*fanIn)
		require.Positive(t, sorted.runs[0].level)
		check(t, sorted, want, rand.New(rand.NewPCG(1, 2)))
	})
}

func check(t require.TestingT, sorted *Sorted, want map[string][]string, order *rand.Rand) {
	got, last := make(map[string][]string), ""
	require.NoError(t, sorted.All(func(k, v []byte) error {
		require.LessOrEqual(t, last, string(k))
		last = string(k)
		got[last] = append(got[last], string(v))
		return nil
	}))
	require.Equal(t, want, got)
	keys := []string{"\x00none", "between", "zzzz none"}
	for k := range want {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	find := func() {
		for _, k := range keys {
			var got []string
			found, err := sorted.Find(k, func(v []byte) { got = append(got, string(v)) })
			require.NoError(t, err)
			require.Equal(t, want[k], got, k)
			require.Equal(t, len(want[k]) > 0, found)
		}
	}
	find()
	order.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	find()
	sorted.Rest()
	keys = append(keys, keys[len(keys)-1], keys[0]) // the same once more
	find()
}

func TestReset(t *testing.T) {
	s := New("", "why")
	require.NoError(t, s.Add([]byte("k"), []byte("old")))
	require.True(t, s.Reset())
	require.NoError(t, s.Add([]byte("k"), []byte("new")))
	s.memory = 1
	require.NoError(t, s.Add([]byte("l"), []byte("x")))
	require.False(t, s.Reset())
	sorted, err := s.Sort()
	require.NoError(t, err)
	check(t, sorted, map[string][]string{"k": {"new"}, "l": {"x"}}, rand.New(rand.NewPCG(1, 2)))
	stop := fmt.Errorf("stop")
	require.Equal(t, stop, sorted.All(func(_, _ []byte) error { return stop }))
	sorted.Close()
	s.Close()

	none, err := New("", "why").Sort()
	require.NoError(t, err)
	check(t, none, map[string][]string{}, rand.New(rand.NewPCG(1, 2)))
	none.Close()
}

// TestMemory: what is kept does not grow with what is added.
func TestMemory(t *testing.T) {
	s := New(t.TempDir(), "why")
	defer s.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 400_000 {
		require.NoError(t, s.Add(fmt.Appendf(nil, "package%d", i%30_000), fmt.Appendf(nil, "/usr/share/doc/package%d/a-rather-long-name-of-a-file-%d", i%30_000, i)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(2*memory))
	require.Greater(t, s.end, int64(memory))
}

func TestNoRoom(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "none"), "the lists are long")
	require.NoError(t, s.Add([]byte("k"), []byte("v")))
	_, err := s.Sort()
	require.ErrorContains(t, err, "the lists are long, and there is no room to sort it: open ")
	require.ErrorIs(t, err, os.ErrNotExist)
	s.Close()
}

// TestBroken: a file that somebody cut is an error, and never fewer values, wherever it was cut.
func TestBroken(t *testing.T) {
	for _, memory := range []int{300, memory} { // many runs, and one
		s := New("", "why")
		s.memory = memory
		const n = 60
		for i := range n {
			require.NoError(t, s.Add(fmt.Appendf(nil, "%03d", i*7%n), []byte("value")))
		}
		sorted, err := s.Sort()
		require.NoError(t, err)
		defer sorted.Close()
		require.Greater(t, sorted.runs[len(sorted.runs)-1].end, int64(300))
		for end := sorted.runs[len(sorted.runs)-1].end - 1; end >= 0; end-- {
			require.NoError(t, sorted.file.Truncate(end))
			got := 0
			err = sorted.All(func(_, _ []byte) error { got++; return nil })
			require.ErrorContains(t, err, "temporary file: unexpected EOF", "cut at %d: %d values", end, got)
			found := 0
			for i := range n {
				ok, err := sorted.Find(fmt.Sprintf("%03d", i), func([]byte) { found++ })
				if err != nil {
					require.ErrorContains(t, err, "temporary file: unexpected EOF")
					break
				}
				require.True(t, ok, "cut at %d", end)
			}
			sorted.Rest()
		}
	}
}
