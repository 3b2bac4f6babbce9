package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// artifacts are about the files of units.
var artifacts = []testCase{
	{"artifacts come back with the versions that have their units", (*suite).recorded},
	{"artifacts are replaced, but what is kept stays kept", (*suite).replaced},
	{"artifacts of units that are not saved are named, and none is recorded", (*suite).unsavedArtifacts},
	{"of one path in a batch the last is recorded", (*suite).samePath},
	{"odd artifacts come back", (*suite).oddArtifacts},
	{"many artifacts of one unit come in order", (*suite).manyArtifacts},
	{"writers of the same artifacts do not stop each other", (*suite).artifactsAtOnce},
}

// artifactOf is one of a unit of Many or any other.
func artifactOf(u contentmodel.Unit, path string) store.Artifact {
	return store.Artifact{
		Of:       store.Name{Kind: u.Kind(), Key: u.Key()},
		Artifact: contentmodel.Artifact{Path: path, Size: int64(len(path)), Sum: checksum(len(path))},
		URL:      "https://example.org/" + path,
	}
}

func artifactsOf(ctx context.Context, s store.Versioned, repository string, number int64) (all []store.Artifact, err error) {
	for a, err := range s.Artifacts(ctx, repository, number) {
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

func (s *suite) wantArtifacts(repository string, number int64, want ...store.Artifact) {
	s.Helper()
	got, err := artifactsOf(s.Context(), s.store, repository, number)
	require.NoError(s, err)
	want = slices.SortedFunc(slices.Values(want), func(a, b store.Artifact) int {
		return cmp.Or(compareNames(a.Of, b.Of), strings.Compare(a.Path, b.Path))
	})
	require.Len(s, got, len(want))
	for i := range want {
		require.Equal(s, want[i], got[i])
	}
}

func (s *suite) recorded() {
	units := Many(0, 400)
	s.sync("r", units...)
	var all []store.Artifact
	for i, u := range units {
		for n := range i % 3 {
			all = append(all, artifactOf(u, fmt.Sprint("pool/", n)))
		}
	}
	require.NoError(s, s.store.SaveArtifacts(s.Context(), all))
	require.NoError(s, s.store.SaveArtifacts(s.Context(), nil))
	s.wantArtifacts("r", 1, all...)
	s.publish("r", units[:3]...)
	s.wantArtifacts("r", 2, artifactOf(units[1], "pool/0"), artifactOf(units[2], "pool/0"), artifactOf(units[2], "pool/1"))
	s.reopen()
	s.wantArtifacts("r", 1, all...)
}

func (s *suite) replaced() {
	u := Many(0, 1)[0]
	s.sync("r", u)
	for i, c := range []struct{ kept, want bool }{{false, false}, {true, true}, {false, true}} {
		a := artifactOf(u, "a")
		a.URL, a.Size, a.Sum, a.Kept = fmt.Sprint("https://example.org/", i), int64(i), checksum(i), c.kept
		require.NoError(s, s.store.SaveArtifacts(s.Context(), []store.Artifact{a}))
		a.Kept = c.want
		s.wantArtifacts("r", 1, a)
	}
}

func (s *suite) unsavedArtifacts() {
	units := Many(0, 600)
	s.sync("r", units...)
	var all []store.Artifact
	for _, u := range append(units, &Unit{Name: "not\nsaved"}, &Unit{Name: "nor this"}) {
		all = append(all, artifactOf(u, "a"))
	}
	err := s.store.SaveArtifacts(s.Context(), all)
	require.ErrorIs(s, err, store.ErrNotKept)
	require.ErrorContains(s, err, `test "not\nsaved"`)
	require.NotContains(s, err.Error(), "\n")
	s.wantArtifacts("r", 1)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	require.ErrorIs(s, s.store.SaveArtifacts(ctx, all[:1]), context.Canceled)
	s.wantArtifacts("r", 1)
}

func (s *suite) samePath() {
	u := Many(0, 1)[0]
	s.sync("r", u)
	first, second := artifactOf(u, "a"), artifactOf(u, "a")
	first.Kept, first.URL, second.URL = true, "https://example.org/1", "https://example.org/2"
	require.NoError(s, s.store.SaveArtifacts(s.Context(), []store.Artifact{first, artifactOf(u, "b"), second}))
	second.Kept = true
	s.wantArtifacts("r", 1, second, artifactOf(u, "b"))
}

func (s *suite) oddArtifacts() {
	u, odd := &Unit{Name: "\x00\xff", Len: 1}, &Unit{Name: strings.Repeat("key", 100_000), Type: "long", Len: 1}
	s.sync("r", u, odd)
	var all []store.Artifact
	for i, text := range append(nasty, strings.Repeat("path", 100_000)) {
		a := artifactOf([]contentmodel.Unit{u, odd}[i%2], fmt.Sprint(i, text))
		a.URL, a.Size = text, numbers[i%len(numbers)]
		all = append(all, a)
	}
	all[0].Sum, all[0].Path = "", ""
	require.NoError(s, s.store.SaveArtifacts(s.Context(), all))
	s.wantArtifacts("r", 1, all...)
}

func (s *suite) manyArtifacts() {
	u, after := Many(0, 2)[0], Many(0, 2)[1]
	s.sync("r", u, after)
	var all []store.Artifact
	for i := range 700 {
		all = append(all, artifactOf(u, fmt.Sprint(i*7919%700)))
	}
	all = append(all, artifactOf(after, "0"))
	require.NoError(s, s.store.SaveArtifacts(s.Context(), all))
	s.wantArtifacts("r", 1, all...)
}

// artifactsAtOnce has writers of two stores record the same artifacts in opposite orders.
func (s *suite) artifactsAtOnce() {
	units := Many(0, 100)
	s.sync("r", units...)
	var all []store.Artifact
	for _, u := range units {
		all = append(all, artifactOf(u, "a"))
	}
	other := s.open(s.T)
	defer func() { require.NoError(s, other.Close()) }()
	var writers sync.WaitGroup
	for i, st := range []store.Versioned{s.store, s.store, other, other} {
		mine := slices.Clone(all)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		writers.Go(func() {
			for range 5 {
				if err := st.SaveArtifacts(s.Context(), mine); err != nil {
					s.Error(err)
				}
			}
		})
	}
	writers.Wait()
	s.wantArtifacts("r", 1, all...)
}
