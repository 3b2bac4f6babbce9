package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// compared is a comparison of two modes, of runs with these speeds and peaks in MiB.
func compared(speeds, peaks []float64) *comparison {
	c := &comparison{Schema: schemaCompare, Source: "s", Modes: []*comparedMode{{Mode: modeNone}, {Mode: modeBytes}}}
	for i := range speeds {
		for _, m := range c.Modes {
			peak := int64(peaks[i] * float64(bytesize.MiB))
			r := &result{Verdict: verdictHeld, Mode: m.Mode, Seconds: 1000 / speeds[i], UnitsPerSecond: speeds[i], PeakRSSAnon: &peak, MeanBatch: 500}
			if m.Mode == modeBytes {
				r.Kinds = map[string]*kindSizes{"rpm": {10, 1000, 200}}
			}
			c.Runs = append(c.Runs, comparedRun{result: *r})
			m.add(r)
		}
	}
	return c
}

func TestBaseline(t *testing.T) {
	steady := []float64{100, 101, 99, 100, 102}
	half := []float64{50, 51, 49, 50, 52}
	wide := []float64{100, 40, 60, 120, 55}
	for name, c := range map[string]struct {
		speeds, peaks []float64
		worse         bool
	}{
		"the same":              {steady, steady, false},
		"half as fast":          {half, steady, true},
		"twice as fast":         {[]float64{200, 201, 199, 200, 202}, steady, false},
		"half in the middle":    {[]float64{50, 51, 49, 50, 100}, steady, false}, // one run was as fast as before
		"a little larger":       {steady, []float64{107, 106, 108, 107, 106}, false},
		"larger":                {steady, []float64{120, 121, 119, 120, 122}, true},
		"noisy":                 {wide, steady, false},
		"one run, not so slow":  {[]float64{60}, []float64{100}, false},
		"one run, a lot slower": {[]float64{40}, []float64{100}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &baseline{"b.json", compared(steady, steady)}
			a, err := b.compare(compared(c.speeds, c.peaks))
			require.NoError(t, err)
			require.Equal(t, c.worse, a.Regressed, "%+v", a.Rows)
			if c.worse {
				require.Equal(t, exitRegressed, codeOf(a.err()))
			}
		})
	}
}

// A run that is over at once says nothing of the speed.
func TestBaselineOfShortRuns(t *testing.T) {
	b := &baseline{"b.json", compared([]float64{40000}, []float64{100})}
	a, err := b.compare(compared([]float64{16000}, []float64{100}))
	require.NoError(t, err)
	require.False(t, a.Regressed, "%+v", a.Rows)
	a, err = b.compare(compared([]float64{100}, []float64{100}))
	require.NoError(t, err)
	require.True(t, a.Regressed, "it took a fraction of a second, and takes ten")
}

func TestBaselineOfHeavierUnits(t *testing.T) {
	before, now := compared([]float64{1}, []float64{1}), compared([]float64{1}, []float64{1})
	now.Runs[1].Kinds["rpm"].Bytes = 1020
	a, err := (&baseline{"b.json", before}).compare(now)
	require.NoError(t, err)
	require.EqualError(t, a.err(), "worse than b.json: rpm: bytes a unit is 1.02 times 100 B")
}

// Runs that differ by chance alone, by a quarter either way, are told to be worse once in hundreds of times.
func TestBaselineOfNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		all := make([]float64, n)
		for i := range all {
			all[i] = 75 + 50*random.Float64()
		}
		return all
	}
	for _, n := range []int{1, 3, 5, 7} {
		alarms := 0
		for range 2000 {
			b := &baseline{"b", compared(draw(n), draw(n))}
			a, err := b.compare(compared(draw(n), draw(n)))
			require.NoError(t, err)
			if a.Regressed {
				alarms++
			}
		}
		require.LessOrEqual(t, alarms, map[int]int{1: 400, 3: 60, 5: 30, 7: 4}[n], "%d runs", n)
	}
}

func TestBaselineThatDoesNotFit(t *testing.T) {
	b := &baseline{"b.json", compared([]float64{1}, []float64{1})}
	other := compared([]float64{1}, []float64{1})
	other.Source = "t"
	_, err := b.compare(other)
	require.ErrorContains(t, err, "b.json is of the source s, not of t")
	_, err = b.compare(&result{Source: "s"})
	require.ErrorContains(t, err, "a result of another command")
	b = &baseline{"b.json", &result{Source: "s", Mode: modeNone}}
	_, err = b.compare(&result{Source: "s", Mode: modeBytes})
	require.ErrorContains(t, err, "is of mode none")

	before := compared([]float64{100, 100, 100}, []float64{1, 1, 1})
	before.Env = map[string]string{"cpu": "fast"}
	a, err := (&baseline{"b.json", before}).compare(compared([]float64{1, 1, 1}, []float64{1, 1, 1}))
	require.NoError(t, err)
	require.False(t, a.Regressed, "the speed of another machine says nothing")
	require.Contains(t, a.Note, "speed is not compared")
}

// What is compared is read back from what was written, by compare and by sweep.
func TestBaselineIsReadBack(t *testing.T) {
	b, _ := benchOf(t, climbs)
	require.NoError(t, b.sweep(t.Context(), nil, 1))
	first := b.json
	b, _ = benchOf(t, climbs)
	b.o.baseline = first
	require.NoError(t, b.check())
	require.NoError(t, b.sweep(t.Context(), nil, 1))
	a := written[ladder](t, b).Baseline
	require.False(t, a.Regressed)
	require.Equal(t, baselineRow{"sweep", figureLimit, 100 << 20, 100 << 20, 1, false}, a.Rows[len(a.Rows)-1])

	b, _ = benchOf(t, `case $mode in none) result held 1000 100;; count) result broken 1000 100; exit 3;; *) [ $limit -lt 200 ] && { result failed 1 0 'too small' true; exit 1; }; result held $limit 95;; esac`)
	b.o.baseline = first
	require.NoError(t, b.check())
	err := b.sweep(t.Context(), nil, 1)
	require.Equal(t, exitRegressed, codeOf(err))
	require.ErrorContains(t, err, "sweep: smallest limit is")

	path := filepath.Join(t.TempDir(), "c.json")
	text, err := json.Marshal(compared([]float64{100, 100, 100}, []float64{1, 1, 1}))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	read, err := readBaseline(path)
	require.NoError(t, err)
	a, err = read.compare(compared([]float64{40, 40, 40}, []float64{1, 1, 1}))
	require.NoError(t, err)
	require.True(t, a.Regressed)
}

func TestBaselineWithoutAResult(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	require.NoError(t, makeFolder(dir, "run", "syncbench run"))
	_, err := readBaseline(dir)
	require.ErrorContains(t, err, "has no result")
}
