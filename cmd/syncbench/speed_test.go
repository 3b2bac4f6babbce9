package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func TestPairIsReached(t *testing.T) {
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
		require.Equal(t, c.want, (&pair{least: c.least, most: c.most}).reached(c.ratio), "%+v", c)
	}
}

// One of a pair is first in turns, and the ratio is of the second to the first, whichever ran first.
func TestPairsTakeTurns(t *testing.T) {
	b, log := benchOf(t, `case $mode in none) result held 100 100;; *) result held 100 90;; esac`)
	p := pair{of: throughput, a: []string{"--mode=none"}, b: []string{"--mode=bytes"}, runs: 3}
	ratios, err := p.run(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []float64{0.9, 0.9, 0.9}, ratios)
	require.Equal(t, []string{"none   ", "bytes   ", "bytes   ", "none   ", "none   ", "bytes"}, done(t, log))
}

func TestSpeed(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		code   int
		said   string
	}{
		"half as fast": {`case $mode in none) result held 100 100;; *) result held 20 50;; esac`, exitFailed, "a quarter of the unlimited peak: units/s ratio 0.500"},
		"broken":       {`case $mode in none) result held 100 100;; *) result broken 20 50;; esac`, exitFailed, "a quarter of the unlimited peak: the run is broken"},
		"fails":        {`result failed 1 1 because`, exitFailed, "because"},
		"not Linux":    {`echo '{"verdict":"held","units_per_second":100}'`, exitUnproved, "NOT PROVED"},
		"no result":    {"echo oops >&2; exit 1", exitFailed, "without a result: oops"},
	} {
		b, _ := benchOf(t, c.script)
		err := b.speed(t.Context(), 1)
		require.Equal(t, c.code, codeOf(err), name)
		require.ErrorContains(t, err, c.said, name)
	}
}

// Memacct may not hold less than another way does.
func TestKeep(t *testing.T) {
	if !canWall() {
		t.Skip("NO CGROUP CAN BE MADE HERE: nothing is known about keep")
	}
	limits := []int64{64 * bytesize.MiB}
	_, program := benchOf(t, "true")
	program = program + ".sh"
	script := func(text string) {
		require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+text), 0o700))
	}
	script("exit 0")
	require.NoError(t, keep(t.Context(), program, limits, 1))
	script(`[ $1 = -over=memacct ] && { echo refused >&2; exit 1; }; exit 0`)
	err := keep(t.Context(), program, limits, 1)
	require.EqualError(t, err, "64.0 MiB: another way held 1 of 1 runs, and memacct 0")
	require.Equal(t, exitFailed, codeOf(err))
	script(`[ $1 = -over=memacct ] || kill -9 $$`)
	require.NoError(t, keep(t.Context(), program, limits, 1))
	script(`[ $1 = -over=memacct ] || { echo no such flag >&2; exit 1; }`)
	require.ErrorContains(t, keep(t.Context(), program, limits, 1), " -over=channels: no such flag", "it is the program that fails")
	script(`kill -9 $$`)
	require.Equal(t, exitUnproved, codeOf(keep(t.Context(), program, limits, 1)), "nobody holds anything")
	require.ErrorContains(t, keep(t.Context(), program+"x", limits, 1), "build it first")
}
