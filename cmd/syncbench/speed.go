package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// pair is two ways to run the same work, in turns, and what the ratio of b to a should be.
type pair struct {
	name  string
	what  string                // is compared
	of    func(*result) float64 // the figure
	a, b  []string              // flags
	least float64               // the ratio wanted, at least; 0 for no such bound
	most  float64               // and at most
	runs  int                   // of each
}

func throughput(r *result) float64 { return r.UnitsPerSecond }
func processor(r *result) float64  { return r.CPU }

// far is a limit that no run comes near, and allSlots as many as --mode none has.
const (
	far      = "--limit=8589934592B"
	allSlots = "--depth=2147483647"
)

// pairs are the claims. The cost of accounting is what --mode bytes uses beyond the same queues without accounts: with all
// the slots that --mode none has, and with the 1000 of --mode count.
func pairs(quarter int64) []pair {
	all := []pair{{
		"a quarter of the unlimited peak", "units/s", throughput,
		[]string{"--mode=none"},
		[]string{fmt.Sprintf("--limit=%dB", quarter), allSlots},
		0.95, 0, 5,
	}}
	for _, store := range []string{"", storeDiscard} {
		name := "SQLite"
		if store != "" {
			name = "nothing stored"
		}
		all = append(all,
			pair{
				"far limit, unbounded queues, " + name, "processor time", processor,
				[]string{"--store=" + store, "--mode=none"},
				[]string{"--store=" + store, far, allSlots},
				0, 1.02, 7,
			},
			pair{
				"far limit, 1000 slots, " + name, "processor time", processor,
				[]string{"--store=" + store, "--mode=count", "--depth=1000"},
				[]string{"--store=" + store, far, "--depth=1000"},
				0, 1.02, 7,
			})
	}
	return all
}

// speedCommand judges what a limit costs; make speed calls it.
func speedCommand() *cobra.Command {
	b := new(bench)
	c := &cobra.Command{
		Use:    "speed",
		Short:  "Judge what a limit costs: throughput at a quarter of the unlimited peak, processor time far from it",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			runs := b.runs
			b.runs = max(1, b.runs)
			if err := b.check(); err != nil {
				return err
			}
			return b.speed(c.Context(), runs)
		},
	}
	b.registerWork(c)
	c.Flags().IntVar(&b.runs, "runs", 0, "`number` of runs on each side of a comparison (0: 5 for throughput, 7 for processor time)")
	b.registerOutput(c)
	return c
}

// errNotProved is where the kernel does not tell what has to be known.
var errNotProved = errors.New("NOT PROVED: resident memory can't be read here, or no memory cgroup be made; run on Linux, as root or in a delegated subtree")

// speed does all pairs and prints what came of them.
func (b *bench) speed(ctx context.Context, runs int) error {
	free, err := b.run(ctx, "unlimited", "--mode="+modeNone)
	if err != nil {
		return err
	}
	if free.Verdict == verdictFailed {
		return failed(errors.New(oneLine(errors.New(free.Error))))
	}
	if free.PeakRSSAnon == nil {
		return &codedError{exitUnproved, errNotProved}
	}
	fmt.Printf("%s\nwithout a limit: %s RssAnon at the peak\n\n", b.o.sourceName(), bytesize.Format(*free.PeakRSSAnon))
	fmt.Printf(speedRow, "compared", "of", "pairs", "median", "from - to", "wanted", "reached")
	var faults []error
	for _, p := range pairs(*free.PeakRSSAnon / 4) {
		if runs > 0 {
			p.runs = runs
		}
		ratios, err := p.run(ctx, b)
		if err != nil {
			return err
		}
		p.print(os.Stdout, ratios)
		if m := median(ratios); !p.reached(m) {
			faults = append(faults, fmt.Errorf("%s: %s ratio %.3f", p.name, p.what, m))
		}
	}
	if len(faults) > 0 {
		return failed(errors.Join(faults...))
	}
	return nil
}

// run runs the pairs, a first and b first in turns, so that neither gains by what the machine does meanwhile.
func (p *pair) run(ctx context.Context, b *bench) (ratios []float64, err error) {
	for i := range p.runs {
		var figure [2]float64
		for j := range 2 {
			side := (i + j) % 2
			r, err := b.run(ctx, p.name, [][]string{p.a, p.b}[side]...)
			if err != nil {
				return nil, err
			}
			if r.Verdict == verdictFailed || side == 1 && r.Verdict != verdictHeld {
				return nil, failed(fmt.Errorf("%s: the run is %s: %s", p.name, r.Verdict, firstLine(r.Error)))
			}
			figure[side] = p.of(r)
		}
		ratios = append(ratios, figure[1]/figure[0])
	}
	return ratios, nil
}

func (p *pair) reached(ratio float64) bool {
	return ratio >= p.least && (p.most == 0 || ratio <= p.most)
}

// speedRow is a row of the table.
const speedRow = "%-44s %-14s %5s  %6s  %-15s  %-7s  %s\n"

func (p *pair) print(w io.Writer, ratios []float64) {
	wanted := fmt.Sprintf(">= %.2f", p.least)
	if p.most > 0 {
		wanted = fmt.Sprintf("<= %.2f", p.most)
	}
	m := median(ratios)
	fmt.Fprintf(w, speedRow, p.name, p.what, fmt.Sprint(len(ratios)), fmt.Sprintf("%.3f", m),
		fmt.Sprintf("%.3f - %.3f", slices.Min(ratios), slices.Max(ratios)), wanted, fmt.Sprint(p.reached(m)))
}
