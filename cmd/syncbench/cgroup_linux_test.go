package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainBinary builds the command without the race detector, whose own memory would break any limit.
func plainBinary(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "syncbench")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// needsWall skips a test of real cgroups where it was not asked for, and where none can be made.
func needsWall(t *testing.T) {
	if os.Getenv("SYNCMEM_CGROUP") == "" {
		t.Skip("set SYNCMEM_CGROUP=1 to run it: make cgroup")
	}
	if !canWall() {
		t.Skip("NO CGROUP CAN BE MADE HERE: nothing is known about the limit behind the kernel's OOM killer")
	}
}

// behindWall runs the command in a cgroup of 64 MiB and returns its result, its exit code and what it said.
func behindWall(t *testing.T, bin string, args ...string) (r result, code int, said string) {
	var out, stderr bytes.Buffer
	cmd := exec.Command(bin, append([]string{"run", "-q", "--cgroup", "--limit=64MiB", "--json=-"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	_ = cmd.Run() // the exit code says it
	require.NoError(t, json.Unmarshal(out.Bytes(), &r), "%s%s", out.String(), stderr.String())
	return r, cmd.ProcessState.ExitCode(), stderr.String()
}

// TestCgroup is the proof by the kernel: the same work that it kills when units are counted, it lets through
// when they are weighed. The second half is what makes the first one mean anything.
func TestCgroup(t *testing.T) {
	needsWall(t)
	bin := plainBinary(t)
	work := "--source=synth:rpm-mixed,units=20000,order=giants-first" // of fewer units the giants just fit, on a machine that is idle

	r, code, said := behindWall(t, bin, work)
	t.Logf("bytes: %s, peak RssAnon %d, cgroup %d, %.1f s\n%s", r.Verdict, *r.PeakRSSAnon, *r.PeakCgroup, r.Seconds, said)
	require.Equal(t, exitHeld, code, said)
	require.Equal(t, verdictHeld, r.Verdict)
	require.Equal(t, int64(20000), r.Saved)
	require.Zero(t, *r.OOMKills)
	require.LessOrEqual(t, *r.PeakRSSAnon, r.Limit)
	require.Contains(t, said, "oom_kill 0")

	r, code, said = behindWall(t, bin, work, "--mode=count", "--depth=1000")
	t.Logf("count: %s\n%s", r.Verdict, said)
	require.Equal(t, exitBroken, code, said)
	require.Equal(t, verdictBroken, r.Verdict)
	require.Positive(t, *r.OOMKills)
	require.Contains(t, r.Error, "killed by the kernel")
}

// TestCgroupThatShrinks: the limit falls while the work runs, and nobody tells the program.
func TestCgroupThatShrinks(t *testing.T) {
	needsWall(t)
	r, code, said := behindWall(t, plainBinary(t), "--source=synth:rpm-mixed,units=40000", "--limit=128MiB", "--resize=2s:80MiB")
	t.Logf("%s, peak RssAnon %d, %.1f s, limits %v\n%s", r.Verdict, *r.PeakRSSAnon, r.Seconds, r.Limits, said)
	require.Equal(t, exitHeld, code, said)
	require.Zero(t, *r.OOMKills)
	require.Len(t, r.Limits, 2)
	require.EqualValues(t, 80<<20, r.Limits[1].Bytes)
}

// TestCgroupOfTwo: two syncs at once share the limit, and the kernel ends neither.
func TestCgroupOfTwo(t *testing.T) {
	needsWall(t)
	r, code, said := behindWall(t, plainBinary(t), "--source=synth:rpm-mixed,units=10000", "--beside=synth:file-flat,units=50000")
	t.Logf("%s, peak RssAnon %d, %.1f s, beside %v\n%s", r.Verdict, *r.PeakRSSAnon, r.Seconds, r.Beside, said)
	require.Equal(t, exitHeld, code, said)
	require.Zero(t, *r.OOMKills)
	require.EqualValues(t, 10000, r.Saved)
	require.EqualValues(t, 50000, r.Beside[0].Saved)
}

// TestCgroupOfAGiant: a unit that needs the room in which the program's code is kept in memory gets it, or an error. The
// kernel would end the process for it: it did so, whenever the code stayed.
func TestCgroupOfAGiant(t *testing.T) {
	needsWall(t)
	bin := plainBinary(t)
	for _, limit := range []string{"52MiB", "60MiB", "64MiB"} {
		r, _, said := behindWall(t, bin, "--source=synth:rpm-one-giant,units=300,giant=32MiB", "--limit="+limit)
		t.Logf("%s: %s, peak RssAnon %d, %.1f s\n%s", limit, r.Verdict, *r.PeakRSSAnon, r.Seconds, said)
		require.Zero(t, *r.OOMKills, said)
		require.NotEqual(t, verdictBroken, r.Verdict, said)
	}
}

// The wall adds nothing to what is said of a run that fails, and its exit code is the run's.
func TestCgroupPassesFailuresOn(t *testing.T) {
	t.Parallel()
	if !canWall() {
		t.Skip("NO CGROUP CAN BE MADE HERE: nothing is known about --cgroup")
	}
	for _, c := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"--source=nowhere"}, exitFailed, "nowhere: no such file"},
		{[]string{"--json=missing/r.json"}, exitFailed, "--json: open missing/r.json"},
		{[]string{"--limit=1MiB"}, exitFailed, "is too small"},
		{[]string{"--limit=10"}, exitUsage, "has no unit"},
		{[]string{"--source=synth:file-flat,units=100"}, exitHeld, "oom_kill 0"},
		{[]string{"--source=synth:file-flat,units=100", "--limit=auto"}, exitHeld, "oom_kill 0"},
	} {
		cmd := exec.Command("syncbench", append([]string{"run", "--cgroup", "--limit=512MiB"}, c.args...)...)
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &said, t.TempDir()
		_ = cmd.Run()
		require.Equal(t, c.code, cmd.ProcessState.ExitCode(), said.String())
		require.Equal(t, 1, strings.Count(said.String(), "\n"), said.String())
		require.Contains(t, said.String(), c.said)
		require.Equal(t, c.code == exitHeld, strings.Contains(out.String(), "HELD"), out.String())
	}
}
