package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func ptr(n int64) *int64 { return &n }

// A step proves something only if every single thing about it is right.
func TestFaults(t *testing.T) {
	const limit = 64 * bytesize.MiB
	good := func() step {
		return step{
			limit: limit, unlimited: 10 * limit,
			held:    outcome{Verdict: "held", Anon: ptr(limit), Kills: ptr(0)},
			control: outcome{Verdict: "broken", Kills: ptr(1)},
		}
	}
	s := good()
	require.Empty(t, s.faults())
	for fault, spoil := range map[string]func(s *step){
		"needs less than 10 times": func(s *step) { s.unlimited-- },
		"the run is broken":        func(s *step) { s.held.Verdict = "broken" },
		"the run is failed: hung":  func(s *step) { s.held.Verdict, s.held.Error = "failed", "hung" },
		"the kernel killed":        func(s *step) { s.held.Kills = ptr(1) },
		"or did not tell":          func(s *step) { s.held.Kills = nil },
		"past the limit":           func(s *step) { s.held.Anon = ptr(limit + 1) },
		"or is not known":          func(s *step) { s.held.Anon = nil },
		"in cycle 7":               func(s *step) { s.held.Limiter = 7 },
		"keeps the limit, too":     func(s *step) { s.control = outcome{Verdict: "held", Anon: ptr(limit), Kills: ptr(0)} },
		"proves nothing":           func(s *step) { s.control = outcome{Verdict: "failed"} },
	} {
		s := good()
		spoil(&s)
		require.Len(t, s.faults(), 1, fault)
		require.Contains(t, s.faults()[0], fault)
		var row strings.Builder
		s.print(&row)
		require.Contains(t, row.String(), "NO: ")
	}
	s = good()
	s.control = outcome{Verdict: "broken", Anon: ptr(limit + 1), Kills: ptr(0)}
	require.Empty(t, s.faults(), "past the limit and not killed is broken, too")
	require.Equal(t, "broke it: 64.0 MiB", s.control.fate(limit))
}

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
		{"no words", result, nil, 2, "want proof sweep|speed"},
		{"another word", result, []string{"sweeep"}, 2, "none of sweep, speed"},
		{"no unit", result, []string{"sweep", "-limits=64"}, 2, "no unit"},
		{"no cgroup", "echo '--cgroup: no memory cgroup could be made: x' >&2; exit 1", []string{"sweep", "-limits=1MiB"}, 75, "NOT PROVED"},
		{"no result", "echo oops >&2; exit 1", []string{"sweep", "-limits=1MiB"}, 1, "no result: oops"},
		{"held by all", result, []string{"sweep", "-limits=1MiB"}, 1, "needs less than 10 times"},
		{
			"proved", `case "$*" in *count*) echo '{"verdict":"broken","oom_kills":1}'; exit 3;; *none*) echo '{"verdict":"broken","peak_rss_anon_bytes":409600000}'; exit 3;; *) ` + result + ` ;; esac`,
			[]string{"sweep", "-limits=10MiB,20MiB"},
			0, "",
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
