package store_test

import (
	"io"
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
