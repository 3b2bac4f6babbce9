package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// comparison is two ways to run the same work, in turns, and what the ratio of b to a should be.
type comparison struct {
	name  string
	what  string                  // is compared
	of    func(o outcome) float64 // the figure
	a, b  []string                // flags
	least float64                 // the ratio wanted, at least; 0 for no such bound
	most  float64                 // and at most
	pairs int
}

func throughput(o outcome) float64 { return o.PerSec }
func processor(o outcome) float64  { return o.cpu }

// far is a limit that no run comes near.
const far = "--limit=8GiB"

// comparisons are the claims. The cost of accounting is what --mode bytes uses beyond the same queues without
// accounts: with all the slots that --mode none has, and with the 1000 of --mode count.
func comparisons(quarter int64) []comparison {
	all := []comparison{{
		"a quarter of the unlimited peak", "units/s", throughput,
		[]string{"--mode=none"},
		[]string{fmt.Sprintf("--limit=%dB", quarter), unbounded},
		0.95, 0, 5,
	}}
	for _, store := range []string{"", "--store=discard"} {
		name := "SQLite"
		if store != "" {
			name = "nothing stored"
		}
		all = append(all,
			comparison{
				"far limit, unbounded queues, " + name, "processor time", processor,
				with(store, "--mode=none"), with(store, far, unbounded), 0, 1.02, 7,
			},
			comparison{
				"far limit, 1000 slots, " + name, "processor time", processor,
				with(store, "--mode=count", "--depth=1000"), with(store, far, "--depth=1000"), 0, 1.02, 7,
			})
	}
	return all
}

// unbounded is as many slots as --mode none has.
const unbounded = "--depth=2147483647"

// speed proves what a limit costs.
func speed(r runner, pairs int) error {
	free, err := r.run("--mode=none")
	if err != nil {
		return err
	}
	if free.Anon == nil {
		return errNotProved
	}
	fmt.Printf("%s\nwithout a limit: %s RssAnon at the peak\n\n", r.source, bytesize.Format(*free.Anon))
	fmt.Printf(speedRow, "compared", "of", "pairs", "median", "from - to", "wanted", "reached")
	var faults []error
	for _, c := range comparisons(*free.Anon / 4) {
		if pairs > 0 {
			c.pairs = pairs
		}
		ratios, err := c.run(r)
		if err != nil {
			return err
		}
		c.print(os.Stdout, ratios)
		if m := median(ratios); !c.reached(m) {
			faults = append(faults, fmt.Errorf("%s: %s ratio %.3f", c.name, c.what, m))
		}
	}
	return errors.Join(faults...)
}

// run runs the pairs, a first and b first in turns, so that neither gains by what the machine does meanwhile.
func (c *comparison) run(r runner) (ratios []float64, err error) {
	for i := range c.pairs {
		var figure [2]float64
		for j := range 2 {
			side := (i + j) % 2
			o, err := r.run([][]string{c.a, c.b}[side]...)
			if err != nil {
				return nil, err
			}
			if o.Verdict == "failed" || side == 1 && o.Verdict != "held" {
				return nil, fmt.Errorf("%s: the run is %s: %s", c.name, o.Verdict, o.Error)
			}
			figure[side] = c.of(o)
		}
		ratios = append(ratios, figure[1]/figure[0])
	}
	return ratios, nil
}

func (c *comparison) reached(ratio float64) bool {
	return ratio >= c.least && (c.most == 0 || ratio <= c.most)
}

// speedRow is a row of the table.
const speedRow = "%-44s %-14s %5s  %6s  %-15s  %-7s  %s\n"

func (c *comparison) print(w io.Writer, ratios []float64) {
	wanted := fmt.Sprintf(">= %.2f", c.least)
	if c.most > 0 {
		wanted = fmt.Sprintf("<= %.2f", c.most)
	}
	m := median(ratios)
	fmt.Fprintf(w, speedRow, c.name, c.what, fmt.Sprint(len(ratios)), fmt.Sprintf("%.3f", m),
		fmt.Sprintf("%.3f - %.3f", slices.Min(ratios), slices.Max(ratios)), wanted, fmt.Sprint(c.reached(m)))
}

// median is the middle one, or the mean of the two in the middle.
func median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// with adds a flag, unless it is empty: then the default is meant.
func with(flag string, flags ...string) []string {
	if flag == "" {
		return flags
	}
	return append(flags, flag)
}
