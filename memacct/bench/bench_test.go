package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every way saves every unit, whole and once: what is compared is the same work.
func TestEveryWayDoesTheSameWork(t *testing.T) {
	t.Setenv("MEMACCT_LIMIT", "1GiB")
	var first *sink
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			units, err := open(t.Context(), "giants-in-four", 700)
			require.NoError(t, err)
			s := new(sink)
			require.NoError(t, w.run(t.Context(), 256<<20, units, s))
			require.Equal(t, 700, s.saved)
			require.Positive(t, s.batches)
			if first == nil {
				first = s
			}
			require.Equal(t, first.digest, s.digest)
		})
	}
	other := new(sink)
	other.add("a", []byte{1})
	require.NotEqual(t, first.digest, other.digest)
}

func TestLinesOfWiring(t *testing.T) {
	for _, w := range ways {
		n, err := w.lines()
		require.NoError(t, err)
		require.Greater(t, n, 3, w.name)
	}
	_, err := way{name: "x", wiring: "missing"}.lines()
	require.EqualError(t, err, "x: no function missing in its source")
}

func TestFind(t *testing.T) {
	_, err := find("rill")
	require.ErrorContains(t, err, `no way is called "rill"; want one of: channel of 1000, `)
}

// A cell tells every end that there was.
func TestCell(t *testing.T) {
	c := cell{held: 3, killed: 1, late: 1, seconds: []float64{4, 1, 2}, peak: 5 << 20, said: "no"}
	require.Equal(t, "killed 1; not done in 2m0s 1; failed: no; held 3, 5.0 MiB, 50 units/s", c.String(100))
}
