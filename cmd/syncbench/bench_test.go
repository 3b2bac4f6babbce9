package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// benchOf is a bench whose program is a shell script; $limit and $mode are of its flags, and held, broken and failed
// print a result of PEAK in MiB and of SPEED.
func benchOf(t *testing.T, script string) (b *bench, log string) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no shell")
	}
	program := filepath.Join(t.TempDir(), "bench")
	log = program + ".log"
	require.NoError(t, os.WriteFile(program, []byte(`#!/bin/sh
for a; do case $a in --limit=*) limit=${a#--limit=}; limit=$((${limit%B} / 1048576));; --mode=*) mode=${a#--mode=};; --depth=*) depth=${a#--depth=};; --cgroup) wall=1;; esac; done
echo "$mode $depth $limit $wall" >>`+log+`
result() { echo "{\"verdict\":\"$1\",\"mode\":\"$mode\",\"limit_bytes\":$((limit * 1048576)),\"peak_rss_anon_bytes\":$(($2 * 1048576)),\"units_per_second\":$3,\"seconds\":1,\"oom_kills\":0,\"error\":\"$4\",\"failed_for_memory\":${5:-false}}"; }
`+script+"\n"), 0o700))
	b = &bench{program: program, quiet: true, runs: 1, json: filepath.Join(t.TempDir(), "out.json")}
	b.o.source, b.o.limit, b.store, b.o.batch, b.o.window, b.o.stall = "synth:rpm-mixed", "64MiB", storeDiscard, 500, "8MiB", 1
	require.NoError(t, b.check())
	require.NoError(t, b.o.checkLimit())
	return b, log
}

// done are the runs that were done.
func done(t *testing.T, log string) []string {
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func written[T any](t *testing.T, b *bench) (v T) {
	text, err := os.ReadFile(b.json)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

func TestCompare(t *testing.T) {
	b, log := benchOf(t, `case $mode$depth in
none) result held 100 1000;; count1000) result broken 90 800;; count1) result held 66 900;; bytes) result held 50 950;; esac`)
	b.runs = 3
	modes, err := parseModes("none,count:1000,count:1,bytes")
	require.NoError(t, err)
	require.NoError(t, b.compare(t.Context(), modes, "table"), "count may break the limit")
	require.Equal(t, []string{"none  64 ", "count 1000 64 ", "count 1 64 ", "bytes  64 "}, done(t, log)[:4])
	require.Equal(t, "count 1000 64 ", done(t, log)[4], "the second round begins with the second mode")
	c := written[comparison](t, b)
	require.Equal(t, schemaCompare, c.Schema)
	require.Len(t, c.Runs, 12)
	require.Equal(t, 3, c.Runs[11].Round)
	require.Len(t, c.Modes, 4)
	require.EqualValues(t, 100*bytesize.MiB, c.Modes[0].Median.PeakRSSAnon)
	require.Equal(t, 3, c.Modes[1].Broken)
	require.InDelta(t, 0.66, c.Modes[2].PeakRatio, 1e-9)
	require.InDelta(t, 0.95, c.Modes[3].SpeedRatio, 1e-9)

	var text bytes.Buffer
	require.NoError(t, c.printBench(&text))
	require.Equal(t, 12, strings.Count(text.String(), "\nBenchmarkSync/source=synth:rpm-mixed"))
	require.Contains(t, text.String(), "/limit=64.0MiB/mode=count:1000 1 1000000000 ns/op 94371840 peak-rss-B 800 units/s")
}

func TestCompareFails(t *testing.T) {
	modes, err := parseModes("none,bytes")
	require.NoError(t, err)
	b, _ := benchOf(t, `case $mode in none) result held 100 1000;; *) result broken 65 900; exit 3;; esac`)
	err = b.compare(t.Context(), modes, "table")
	require.EqualError(t, err, "bytes: 1 of 1 runs broke the limit of 64.0 MiB")
	require.Equal(t, exitBroken, codeOf(err))

	modes, err = parseModes("none,bytes")
	require.NoError(t, err)
	b, _ = benchOf(t, `case $mode in none) result held 100 1000;; *) result failed 10 0 'line 3 is odd'; exit 1;; esac`)
	err = b.compare(t.Context(), modes, "table")
	require.EqualError(t, err, "bytes: 1 of 1 runs failed: line 3 is odd")
	require.Equal(t, exitFailed, codeOf(err))

	b, _ = benchOf(t, "echo oops >&2; exit 2")
	require.ErrorContains(t, b.compare(t.Context(), modes, "table"), "ended without a result: oops")
}

// The work takes 1000 MiB, and holds from 100 MiB on; it is as fast as without a limit from 250 MiB on.
const climbs = `case $mode in
none) result held 1000 100;;
count) result broken 1000 100; exit 3;;
*) [ $limit -lt 100 ] && { result failed 1 0 'too small' true; exit 1; }; [ $limit -lt 250 ] && { result held $limit 50; exit; }; result held $limit 95;; esac`

func TestSweepFindsTheSmallestAndTheKnee(t *testing.T) {
	b, log := benchOf(t, climbs)
	require.NoError(t, b.sweep(t.Context(), nil, 1))
	l := written[ladder](t, b)
	require.Equal(t, schemaSweep, l.Schema)
	require.Equal(t, "cgroup", l.Wall)
	require.InEpsilon(t, 100*bytesize.MiB, l.Smallest, 0.1)
	require.GreaterOrEqual(t, l.Smallest, int64(100*bytesize.MiB))
	require.EqualValues(t, 250*bytesize.MiB, l.Knee)
	require.True(t, l.ControlBroke)
	for i, r := range l.Rungs[1:] {
		require.Less(t, r.Limit, l.Rungs[i].Limit, "from the largest to the least")
	}
	require.Equal(t, "none   ", done(t, log)[0])
	require.Equal(t, "bytes  500 1", strings.Replace(done(t, log)[1], "  500", "bytes  500", 1))
}

func TestSweepOfGivenLimits(t *testing.T) {
	limits := []int64{500 * bytesize.MiB, 120 * bytesize.MiB}
	for name, c := range map[string]struct {
		script string
		limits []int64
		times  float64
		code   int
		said   string
	}{
		"proved":                 {climbs, limits, 1, 0, ""},
		"one is too small":       {climbs, append(limits, 50*bytesize.MiB), 1, exitFailed, "50.0 MiB: too small"},
		"too little work":        {climbs, limits, 10, exitUnproved, "500.0 MiB held and is not proved: without a limit the work takes less than 10 times as much"},
		"the control kept to it": {`case $mode in none) result held 1000 100;; *) result held 100 100;; esac`, limits, 0, exitUnproved, "500.0 MiB held and is not proved: the control kept to it, too"},
		"one is above the work":  {climbs, append([]int64{2000 * bytesize.MiB}, limits...), 1, exitUnproved, "2.0 GiB held and is not proved: the work takes 1000.0 MiB without any limit, so that this one bounds nothing; the smallest that holds is 120.0 MiB"},
		"all are above the work": {climbs, []int64{2000 * bytesize.MiB}, 1, exitUnproved, "2.0 GiB held and is not proved: the work takes 1000.0 MiB without any limit, so that this one bounds nothing; the smallest that holds is 100.0 MiB"},
		"the worst is told":      {`case $mode in none) result held 1000 100;; count) result held 10 1;; *) [ $limit -lt 200 ] && { result broken 600 1; exit 3; }; result held 90 90;; esac`, limits, 1, exitBroken, "the limit of 120.0 MiB was broken"},
		"the source goes away":   {`case $mode$limit in none) result held 1000 100;; 120) result failed 1 0 'no such file'; exit 1;; count*) result broken 1000 1;; *) result held 90 90;; esac`, limits, 1, exitFailed, "120.0 MiB: the run failed, and not for want of memory: no such file"},
		"or before the control":  {`case $mode in none) result held 1000 100;; count) result failed 1 0 'no such file';; *) result held 90 90;; esac`, limits, 1, exitFailed, "500.0 MiB, the control: the run failed: no such file"},
		"broken":                 {`case $mode in none) result held 1000 100;; *) result broken 600 1; exit 3;; esac`, limits, 1, exitBroken, "the limit of 500.0 MiB was broken"},
		"the work fails":         {`result failed 1 1 'no such host'; exit 1`, limits, 1, exitFailed, "no such host"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := benchOf(t, c.script)
			err := b.sweep(t.Context(), c.limits, c.times)
			if c.code == 0 {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.said)
			require.Equal(t, c.code, codeOf(err))
		})
	}
}

// Where no cgroup can be made the result says so, and the runs go on.
func TestSweepWithoutCgroups(t *testing.T) {
	b, log := benchOf(t, `[ -n "$wall" ] && { echo 'syncbench: --cgroup: no memory cgroup could be made: x' >&2; exit 1; }
`+climbs)
	require.NoError(t, b.sweep(t.Context(), []int64{500 * bytesize.MiB, 120 * bytesize.MiB}, 1))
	require.Equal(t, "rss", written[ladder](t, b).Wall)
	require.Len(t, done(t, log), 6, "a cgroup is tried once")
}

func TestRoundLimits(t *testing.T) {
	for n, want := range map[int64]int64{
		99*bytesize.MiB + 1: 99, 127 * bytesize.MiB: 120, 1999 * bytesize.MiB: 1900, 17 * bytesize.MiB: 17,
	} {
		require.Equal(t, want*bytesize.MiB, round(n))
	}
}
