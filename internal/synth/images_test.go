package synth

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/sizer"
)

// closed tells whether nothing has to be awaited any more.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return c == nil
	}
}

// A list comes behind its 5 to 30 manifests and waits for all of them, a tag waits for its list, and nothing for a unit
// that is yet to come.
func TestChains(t *testing.T) {
	var pending []*Image
	seen := map[string]bool{}
	kinds := map[string]int{}
	fewest, most := 100, 0
	each(t, "container-dag,units=5000,fanout=1", func(u contentmodel.Unit) {
		i := u.(*Image)
		require.True(t, json.Valid([]byte(i.Data)), "%.200s", i.Data)
		require.False(t, seen[i.Key()], "two units with one key")
		seen[i.Key()] = true
		kinds[i.Kind()]++
		switch i.Kind() {
		case ManifestKind:
			require.True(t, closed(i.After()))
			require.LessOrEqual(t, sizer.Of(i), int64(4<<20+4096), "its own bytes alone")
			pending = append(pending, i)
		case ListKind:
			var list struct{ Manifests []struct{ Digest string } }
			require.NoError(t, json.Unmarshal(i.Data, &list))
			fewest, most = min(fewest, len(list.Manifests)), max(most, len(list.Manifests))
			require.Len(t, pending, len(list.Manifests))
			for n, m := range pending {
				require.Equal(t, m.Key(), list.Manifests[n].Digest)
				require.False(t, closed(i.After()), "%d of %d resolved", n, len(pending))
				m.Resolve()
			}
			require.True(t, closed(i.After()))
			pending = []*Image{i}
		case TagKind:
			require.Contains(t, string(i.Data), pending[0].Key())
			require.False(t, closed(i.After()))
			pending[0].Resolve()
			require.True(t, closed(i.After()))
			i.Resolve()
			pending = nil
		}
	})
	require.Equal(t, leastManifests, fewest)
	require.Equal(t, mostManifests, most)
	require.InEpsilon(t, 5000*2/pairUnits, kinds[ListKind], 0.02)
	require.InDelta(t, kinds[ListKind], kinds[TagKind], 1)
}

// A manifest in a hundred has 4 MiB, the others 2 to 20 kB, and a large one is told of before it is made.
func TestManifests(t *testing.T) {
	s, err := Parse("container-dag,units=2000")
	require.NoError(t, err)
	told, large, manifests := 0, 0, 0
	for u, err := range s.Built(t.Context(), func(n int64) error { told++; require.EqualValues(t, 4<<20, n); return nil }, nil) {
		require.NoError(t, err)
		if i := u.(*Image); i.Kind() == ManifestKind {
			require.Equal(t, len(i.Data), cap(i.Data))
			manifests++
			if len(i.Data) == 4<<20 {
				large++
			} else {
				require.LessOrEqual(t, len(i.Data), 20_000)
				require.GreaterOrEqual(t, len(i.Data), 2000)
			}
			require.Equal(t, 1, strings.Count(string(i.Data), "annotations"))
		}
	}
	require.Equal(t, large, told)
	require.InDelta(t, manifests/100, large, 4)
}

// One builder makes all of a chain: another one would wait for what it does not emit.
func TestAPartHasWholeChains(t *testing.T) {
	s, err := Parse("container-dag,units=390,fanout=7")
	require.NoError(t, err)
	n := 0
	for part := range s.Parts() {
		for u, err := range s.Part(t.Context(), part, nil) {
			require.NoError(t, err)
			i := u.(*Image)
			require.True(t, closed(i.After()), "%d units were resolved", n)
			i.Resolve()
			n++
		}
	}
	require.Equal(t, 390, n)
}
