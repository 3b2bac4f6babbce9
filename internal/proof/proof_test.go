package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestComparison(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
	for _, c := range []struct {
		least, most, ratio float64
		want               bool
	}{
		{0.95, 0, 0.95, true},
		{0.95, 0, 0.949, false},
		{0.95, 0, 3, true},
		{0, 1.02, 1.02, true},
		{0, 1.02, 1.021, false},
	} {
		require.Equal(t, c.want, (&comparison{least: c.least, most: c.most}).reached(c.ratio), "%+v", c)
	}
}

// bench is a program in place of syncbench: a shell script.
func bench(t *testing.T, script string) runner {
	if runtime.GOOS == "windows" {
		t.Skip("there is no shell")
	}
	path := filepath.Join(t.TempDir(), "bench")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return runner{bin: path, source: "s"}
}

func TestExitCodes(t *testing.T) {
	const result = `echo '{"verdict":"held","units_per_second":100,"peak_rss_anon_bytes":4096000,"oom_kills":0,"cgroup_failcnt":2}'`
	require.Equal(t, 0, exitCode(nil))
	for _, c := range []struct {
		name, script string
		args         []string
		code         int
		said         string
	}{
		{"no words", result, nil, 2, "want proof speed|keep"},
		{"another word", result, []string{"sweep"}, 2, "none of speed, keep"},
		{"no unit", result, []string{"keep", "-limits=64"}, 2, "no unit"},
		{"not Linux", `echo '{"verdict":"held","units_per_second":100}'`, []string{"speed"}, 75, "NOT PROVED"},
		{"no result", "echo oops >&2; exit 1", []string{"speed"}, 1, "no result: oops"},
		{
			"half as fast", `case "$*" in *none*) ` + result + ` ;; *) echo '{"verdict":"held","units_per_second":50}' ;; esac`,
			[]string{"speed", "-pairs=1"},
			1, "a quarter of the unlimited peak: units/s ratio 0.500",
		},
	} {
		r := bench(t, c.script)
		args := c.args
		if len(args) > 0 {
			args = append([]string{args[0], "-bin=" + r.bin}, args[1:]...)
		}
		err := command(args)
		require.Equal(t, c.code, exitCode(err), "%s: %v", c.name, err)
		if c.said != "" {
			require.ErrorContains(t, err, c.said, c.name)
		}
	}
	_, err := runner{bin: "no-such-program-anywhere"}.run()
	require.ErrorContains(t, err, "build it first")
}

// One of a pair is first in turns, and the ratio is of the second to the first, whichever ran first.
func TestPairsTakeTurns(t *testing.T) {
	r := bench(t, `echo "$5" >> "$0.log"; case "$5" in a) n=100;; *) n=90;; esac; echo "{\"verdict\":\"held\",\"units_per_second\":$n}"`)
	c := comparison{of: throughput, a: []string{"a"}, b: []string{"b"}, pairs: 3}
	ratios, err := c.run(r)
	require.NoError(t, err)
	require.Equal(t, []float64{0.9, 0.9, 0.9}, ratios)
	order, err := os.ReadFile(r.bin + ".log")
	require.NoError(t, err)
	require.Equal(t, "a\nb\nb\na\na\nb\n", string(order))

	c.b = []string{"--x"}
	r = bench(t, `echo '{"verdict":"failed","error":"because"}'; exit 1`)
	_, err = c.run(r)
	require.ErrorContains(t, err, "because")
}
