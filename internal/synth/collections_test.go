package synth

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/sizer"
)

// A version of a collection has the megabytes of a large one, in a body that is JSON, and most of its documentation is
// that of the version before.
func TestCollections(t *testing.T) {
	var files, docs, same, all int
	var last *Collection
	each(t, "ansible,units=8,versions=4", func(u contentmodel.Unit) {
		c := u.(*Collection)
		var b bytes.Buffer
		require.NoError(t, c.WriteBody(&b))
		var body struct {
			Files []struct{ Name, Ftype string }
			Docs  map[string]string
		}
		require.NoError(t, json.Unmarshal(b.Bytes(), &body))
		require.Len(t, body.Docs, len(c.Plugins), "each plugin has a name of its own")
		require.Equal(t, "file", body.Files[0].Ftype)
		files += len(c.Files)
		require.LessOrEqual(t, cap(c.Files), collectionFiles*3/2, "it was made in one block")
		for i, p := range c.Plugins {
			docs += len(p.Text)
			require.Equal(t, len(p.Text), cap(p.Text))
			if last != nil && last.Name == c.Name && i < len(last.Plugins) {
				all++
				if bytes.HasPrefix(p.Text, last.Plugins[i].Text) || bytes.HasPrefix(last.Plugins[i].Text, p.Text) {
					same++
				}
			}
		}
		last = c
	})
	require.InEpsilon(t, 0.9, float64(same)/float64(all), 0.01)
	require.InEpsilon(t, collectionFiles, files/8, 0.1)
	require.InEpsilon(t, collectionDocs, docs/8, 0.1)
	require.Greater(t, quantile(pluginKnots[:], fraction(1, 2)), 1999)
	sum := 0
	for i := range uint64(10_000) {
		sum += quantile(pluginKnots[:], fraction(i, 10_000))
	}
	require.InEpsilon(t, collectionDocs/736, sum/10_000, 0.02, "bytes of a plugin, mean")
}

// What a version weighs is told before any of it is made, and is no less than that.
func TestACollectionIsToldOfBeforeItIsMade(t *testing.T) {
	s, err := Parse("ansible,units=4")
	require.NoError(t, err)
	var told []int64
	for u, err := range s.Built(t.Context(), func(n int64) error { told = append(told, n); return nil }, nil) {
		require.NoError(t, err)
		weighs := sizer.Of(u)
		require.GreaterOrEqual(t, told[len(told)-1], weighs)
		require.Less(t, told[len(told)-1], weighs*11/10)
	}
	require.Len(t, told, 4)

	full := errors.New("full")
	bytes := heapOf(func() (all []contentmodel.Unit) {
		for u, err := range s.Built(t.Context(), func(int64) error { return full }, nil) {
			require.ErrorIs(t, err, full)
			all = append(all, u)
		}
		return all
	})
	require.Less(t, bytes, int64(1<<20), "nothing was made")
}

// Each unit is in one part, the same unit as in the whole, also where parts are made at once.
func TestParts(t *testing.T) {
	s, err := Parse("ansible,units=7,fanout=3,versions=4,order=shuffled")
	require.NoError(t, err)
	require.Equal(t, 3, s.Parts())
	want := map[string]string{}
	for u := range s.Units(t.Context()) {
		want[u.Key()] = body(t, u)
	}
	got := make([]map[string]string, s.Parts())
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			got[i] = map[string]string{}
			for u := range s.Part(t.Context(), i, nil) {
				got[i][u.Key()] = body(t, u)
			}
		})
	}
	all.Wait()
	n := 0
	for _, part := range got {
		n += len(part)
		maps.Copy(got[0], part)
	}
	require.Equal(t, 7, n)
	require.Equal(t, want, got[0])

	s.Fanout = 100
	require.Equal(t, 7, s.Parts(), "no more than there are units")
	require.Equal(t, 1, Spec{Count: 9}.Parts())
}
