package store_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

func TestDiscard(t *testing.T) {
	s, units := store.Discard(), storetest.Many(0, 3)
	for range 2 { // nothing is ever known
		n, err := s.Save(t.Context(), units)
		require.NoError(t, err)
		require.Equal(t, 3, n)
		found := []bool{true, true, true}
		require.NoError(t, s.Existing(t.Context(), units, found))
		require.Equal(t, make([]bool, 3), found)
	}
	n, err := s.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 6, n)
	require.ErrorIs(t, s.Body(t.Context(), "test", "x", io.Discard), store.ErrNotFound)
	require.NoError(t, s.Close())
	_, err = s.Save(t.Context(), units)
	require.ErrorIs(t, err, store.ErrClosed)
}

// TestDiscardVersion: a draft counts what it gets, and nothing of it is kept.
func TestDiscardVersion(t *testing.T) {
	s := store.Discard()
	_, err := s.Begin(t.Context(), "")
	require.ErrorContains(t, err, "without a name")
	d, err := s.Begin(t.Context(), "r")
	require.NoError(t, err)
	require.NoError(t, d.Add(t.Context(), storetest.Many(0, 3)))
	v, err := d.Publish(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Version{Repository: "r", Number: 1, Units: 3, Added: 3}, v)
	_, err = d.Publish(t.Context())
	require.ErrorIs(t, err, store.ErrOver)
	require.ErrorIs(t, d.Add(t.Context(), nil), store.ErrOver)
	require.NoError(t, d.Discard())
	v, err = s.Latest(t.Context(), "r")
	require.NoError(t, err)
	require.Equal(t, store.Version{Repository: "r"}, v)
	for _, err := range s.Units(t.Context(), "r", 1) {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	for _, err := range s.Artifacts(t.Context(), "r", 1) {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	require.NoError(t, s.SaveArtifacts(t.Context(), []store.Artifact{{}}))
	require.NoError(t, s.Close())
	_, err = s.Begin(t.Context(), "r")
	require.ErrorIs(t, err, store.ErrClosed)
}

func TestCheckRepository(t *testing.T) {
	for _, good := range []string{"a", "debian/bookworm main", "\u00e4", strings.Repeat("x", 1024)} {
		require.NoError(t, store.CheckRepository(good))
	}
	for _, bad := range []string{"", "a\nb", "a\x00b", "\xff", "\u0085", strings.Repeat("x", 1025)} {
		err := store.CheckRepository(bad)
		require.Error(t, err, "%q", bad)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 200)
	}
}
