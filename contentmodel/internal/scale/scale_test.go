package scale

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAUnitIsToldOfInSteps(t *testing.T) {
	var told []int64
	var end error
	s := New(func(n int64) error { told = append(told, n); return end })
	for range 2 {
		told = nil
		s.Begin()
		for n := range int64(100) {
			require.NoError(t, s.At(n<<10))
		}
		s.Done(100 << 10)
		require.NoError(t, s.At(1<<10))
		require.Equal(t, []int64{32 << 10, 64 << 10, 96 << 10}, told)
		require.NoError(t, s.At(28<<10))
		require.Equal(t, int64(128<<10), told[3])
	}
	s.Begin()
	end = errors.New("no more")
	require.ErrorIs(t, s.At(1<<20), end)
	require.ErrorIs(t, s.At(2<<20), end)
	require.ErrorIs(t, s.Err(), end)
	require.Len(t, told, 5, "who has said no is not asked again")
}

func TestNobodyIsTold(t *testing.T) {
	s := New(nil)
	s.Begin()
	s.Done(1 << 40)
	require.NoError(t, s.At(1<<40))
	require.NoError(t, s.Err())
}
