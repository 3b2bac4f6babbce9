package sizertest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"
)

// probe is one value of the grid. A hole is a documented one, whose ratio is only printed.
type probe struct {
	name    string
	measure func() (of, real float64)
	hole    string
}

func value[T any](name string, build func() *T) probe {
	return probe{name: name, measure: func() (float64, float64) { return Growth(build) }}
}

// TestGrid compares deterministic values of every kind with real heap growth: within 1 %. With
// SIZER_TABLE=1 it prints the table of the package's README.
func TestGrid(t *testing.T) {
	skipIfSanitized(t)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	within, counted := 0, 0
	for _, p := range grid() {
		t.Run(p.name, func(t *testing.T) {
			of, real := p.measure()
			ratio := of / real
			if os.Getenv("SIZER_TABLE") != "" {
				fmt.Fprintf(out, "| %s \t| %.1f \t| %.1f \t| %.3f \t| %s \t|\n", p.name, real, of, ratio, p.hole)
			}
			if p.hole != "" {
				return
			}
			counted++
			require.InDelta(t, 1, ratio, 0.01, "of %.1f real %.1f", of, real)
			within++
		})
	}
	out.Flush()
	fmt.Fprintf(os.Stderr, "grid: %d of %d values within 1 %%\n", within, counted)
}

func text(n int) string { return strings.Clone(strings.Repeat("x", n)) }
