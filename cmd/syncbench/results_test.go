package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every workload is one, and the page fails where one that must hold does not, or one that can't is killed.
func TestResults(t *testing.T) {
	for _, w := range workloads {
		b := bench{}
		b.o.source, b.o.limit = w.source, w.limit
		require.NoError(t, b.o.checkSource(), w.name)
		b.o.resize = w.resize
		if w.beside != "" {
			b.o.beside = []string{w.beside}
		}
		require.NoError(t, b.o.checkLimit(), w.name)
		require.NoError(t, b.o.checkResize(), w.name)
		require.NoError(t, b.o.checkBeside(), w.name)
	}
	b, _ := benchOf(t, `case $mode in none) result held 400 100;; count) result broken 90 80; exit 3;; *) result held 50 95;; esac`)
	require.NoError(t, b.results(t.Context(), "heavy tail"))
	require.EqualError(t, b.results(t.Context(), "keeps every unit"), "a first stage that keeps every unit: held", "it was to fail")
	b, _ = benchOf(t, `case $mode in none) result held 400 100;; *) result broken 90 80; exit 3;; esac`)
	require.EqualError(t, b.results(t.Context(), "heavy tail"), "RPM packages, a heavy tail: broken")

	var page bytes.Buffer
	peak := int64(50 << 20)
	r := &result{Units: 10, Verdict: verdictHeld, UnitsPerSecond: 95, PeakRSSAnon: &peak, MeanBatch: 400}
	o := &outcome{workload{name: "a few", limit: "64MiB"}, "synth:s,units=10", &result{Units: 10, UnitsPerSecond: 100, PeakRSSAnon: &peak}, r, r}
	require.NoError(t, printResults(&page, []*outcome{o}, map[string]string{"cpu": "fast"}))
	require.Equal(t, "10 beside 20", (&result{Units: 10, Beside: []besideSync{{Units: 20}}}).units())
	require.Contains(t, page.String(), "| 10 | 50.0 MiB | 64MiB | held | held | 50.0 MiB | 0.95 | 400 | 0.0 s |\n")
	require.True(t, strings.HasSuffix(page.String(), "## Machine\n\n- cpu: fast\n"))
}
