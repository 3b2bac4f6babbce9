package memacct

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWaitCountsWhileItLasts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 100)
		require.Zero(t, g.Stats().Waited)
		first := putLater(t.Context(), g, 50)
		time.Sleep(3 * time.Second)
		second := putLater(t.Context(), g, 50)
		time.Sleep(2 * time.Second)
		s := g.Stats()
		require.EqualValues(t, 2, s.Waits)
		require.Equal(t, 7*time.Second, s.Waited)

		next, stop := leases(t, g)
		next().Release()
		synctest.Wait()
		require.NoError(t, <-first)
		require.NoError(t, <-second)
		time.Sleep(time.Hour)
		require.Equal(t, 7*time.Second, g.Stats().Waited, "nobody sleeps any more")
		stop()
		g.Discard()
	})
}
