//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// atOnce is within a second, and some more because other tests keep the machine busy.
const atOnce = 3 * time.Second

// TestInterrupt runs the command as a process, waits until it is in the middle of something, and tells it to
// stop: it must do so at once and say what was saved, and the store must have exactly that and open again.
func TestInterrupt(t *testing.T) {
	slow := "--source=synth:file-flat,units=100000,sink=20ms"
	for _, c := range []struct {
		name   string
		args   []string
		signal os.Signal
		serve  string // how a server answers, if the source is one
		saves  bool   // wait until something was saved
		cgroup bool
	}{
		{name: "ctrl-c", args: []string{slow}, signal: os.Interrupt, saves: true},
		{name: "term", args: []string{slow}, signal: syscall.SIGTERM, saves: true},
		{name: "quiet with json", args: []string{slow, "--quiet", "--json=r.json"}, signal: os.Interrupt, saves: true},
		{name: "large units", args: []string{"--source=synth:rpm-mixed,order=giants-first,files=20000"}, signal: os.Interrupt, saves: true},
		{name: "slow sink", args: []string{"--source=synth:file-flat,sink=1h"}, signal: os.Interrupt, saves: true},
		{name: "mode none", args: []string{slow, "--mode=none"}, signal: os.Interrupt, saves: true},
		{name: "two syncs", args: []string{slow, "--beside=synth:rpm-mixed"}, signal: os.Interrupt, saves: true},
		{name: "stalling URL", serve: "stalling", signal: os.Interrupt},
		{name: "silent URL", serve: "silent", signal: syscall.SIGTERM},
		{name: "pipe without a writer", args: []string{"--source=pipe"}, signal: os.Interrupt},
		{name: "cgroup", args: []string{slow, "--cgroup"}, signal: os.Interrupt, saves: true, cgroup: true},
		{name: "cgroup, term", args: []string{slow, "--cgroup"}, signal: syscall.SIGTERM, saves: true, cgroup: true},
		{name: "cgroup, stalling URL", args: []string{"--cgroup"}, serve: "stalling", signal: os.Interrupt, cgroup: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.cgroup && !canWall() {
				t.Skip("NO CGROUP CAN BE MADE HERE: nothing is known about --cgroup and signals")
			}
			dir := t.TempDir()
			reached := make(chan struct{}, 8)
			if c.serve != "" {
				c.args = append(c.args, "--source="+hangingServer(t, c.serve, reached))
			}
			require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
			store := filepath.Join(dir, "s.sqlite")
			cmd := exec.Command("syncbench", append([]string{"run", "--limit=512MiB", "--batch=50", "--store=sqlite:" + store}, c.args...)...)
			var out, said bytes.Buffer
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &said
			require.NoError(t, cmd.Start())
			switch {
			case c.serve != "":
				<-reached
			case c.saves:
				awaitSaved(t, store)
			default:
				time.Sleep(2 * time.Second) // nothing shows from outside that it has come so far as to catch signals
			}
			time.Sleep(200 * time.Millisecond) // into whatever it waits for next

			require.NoError(t, cmd.Process.Signal(c.signal))
			sent := time.Now()
			timer := time.AfterFunc(10*atOnce, func() { cmd.Process.Kill() })
			err := cmd.Wait()
			took := time.Since(sent)
			timer.Stop()
			t.Logf("stopped after %v: %s", took.Round(time.Millisecond), said.String())
			require.Less(t, took, atOnce)
			require.Error(t, err)
			require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode(), said.String())
			saved := interruptedLine(t, said.String())
			require.NotContains(t, out.String(), "HELD")
			if text, err := os.ReadFile(filepath.Join(dir, "r.json")); err == nil {
				require.Contains(t, string(text), "\"verdict\": \"failed\",\n  \"error\": \"interrupted\",")
			}
			if c.saves {
				require.Positive(t, saved)
			}
			if _, err := os.Stat(store); saved > 0 || err == nil {
				n, err := countKept(store)
				require.NoError(t, err)
				require.Equal(t, saved, n)
			}
		})
	}
}

// hangingServer serves a manifest in a way that never ends, and tells when it is asked.
func hangingServer(t *testing.T, how string, reached chan<- struct{}) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		servers[how](w, r, manifest(20_000))
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL + "/PULP_MANIFEST"
}

// awaitSaved waits until the store has something in it.
func awaitSaved(t *testing.T, store string) {
	require.Eventually(t, func() bool {
		if _, err := os.Stat(store + "-wal"); err != nil {
			return false
		}
		n, err := countKept(store)
		return err == nil && n > 0
	}, 30*time.Second, 20*time.Millisecond, "nothing was saved")
}

// interruptedLine wants one line on stderr beside progress and alarms, and returns how many units it says were saved.
func interruptedLine(t *testing.T, said string) int64 {
	var lines []string
	for line := range strings.Lines(said) {
		if !asideLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	require.Len(t, lines, 1, said)
	require.Regexp(t, `^syncbench: interrupted: units read: \d+, saved for good: \d+(; beside .*)?\n$`, lines[0])
	n, err := strconv.ParseInt(savedForGood.FindStringSubmatch(lines[0])[1], 10, 64)
	require.NoError(t, err)
	return n
}

// A second Ctrl-C ends the program although it has not stopped yet, and the store is whole all the same.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "s.sqlite")
	cmd := exec.Command("syncbench", "run", "-q", "--limit=512MiB", "--store=sqlite:"+store, "--source=synth:file-flat,sink=20ms")
	require.NoError(t, cmd.Start())
	awaitSaved(t, store)
	for range 20 {
		_ = cmd.Process.Signal(os.Interrupt) // at its end there is nothing to signal any more
	}
	require.Error(t, cmd.Wait())
	_, err := countKept(store)
	require.NoError(t, err, fmt.Sprint(cmd.ProcessState))
}

// TestNothingTemporary: whatever ends a run, its store that has no name is gone.
func TestNothingTemporary(t *testing.T) {
	// Under nohup the programs begun here would ignore a hangup, too: not where this one catches it.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
	slow := "--source=synth:file-flat,units=100000,sink=20ms"
	for _, c := range []struct {
		name   string
		args   []string
		signal os.Signal // nil for none
		more   int       // how often the signal is sent again
		unread bool      // nobody reads stdout
		says   string
		cgroup bool
	}{
		{name: "interrupt", args: []string{slow}, signal: os.Interrupt, says: "^syncbench: interrupted: "},
		{name: "interrupts", args: []string{slow, "--batch=5000"}, signal: os.Interrupt, more: 20, says: "^(syncbench: interrupted: .*)?"},
		{name: "hangup", args: []string{slow}, signal: syscall.SIGHUP, says: "^syncbench: interrupted: "},
		{name: "quit", args: []string{slow}, signal: syscall.SIGQUIT, says: `(?s)^goroutine .*pipeline\.Run.*syncbench: interrupted: `},
		{name: "closed pipe", unread: true, args: []string{"--source=synth:file-flat,units=100"}, says: "^$"},
		{name: "hangup behind a wall", args: []string{slow, "--cgroup"}, signal: syscall.SIGHUP, says: "syncbench: interrupted: ", cgroup: true},
		{name: "killed behind a wall", args: []string{"--cgroup", "--mode=none", "--limit=16MiB", "--source=synth:rpm-mixed"}, says: "^cgroup ", cgroup: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.cgroup && !canWall() {
				t.Skip("NO CGROUP CAN BE MADE HERE: nothing is known about --cgroup and what is left behind")
			}
			temp := t.TempDir()
			cmd := exec.Command("syncbench", append([]string{"run", "--quiet", "--limit=512MiB"}, c.args...)...)
			cmd.Env = append(os.Environ(), "TMPDIR="+temp)
			var said bytes.Buffer
			cmd.Stderr = &said
			if c.unread {
				r, w, err := os.Pipe()
				require.NoError(t, err)
				require.NoError(t, r.Close())
				defer w.Close()
				cmd.Stdout = w
			}
			require.NoError(t, cmd.Start())
			if c.signal != nil {
				store := filepath.Join(temp, "syncbench-*", "content.sqlite")
				require.Eventually(t, func() bool {
					found, _ := filepath.Glob(store)
					if len(found) == 1 {
						store = found[0]
					}
					return len(found) == 1
				}, 30*time.Second, 10*time.Millisecond, "no store was made")
				awaitSaved(t, store)
				require.NoError(t, cmd.Process.Signal(c.signal))
				for range c.more {
					_ = cmd.Process.Signal(c.signal) // at its end there is nothing to signal any more
				}
			}
			timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
			err := cmd.Wait()
			require.True(t, timer.Stop(), "it did not end")
			require.Error(t, err)
			require.Regexp(t, c.says, said.String())
			require.Positive(t, cmd.ProcessState.ExitCode(), "it ended by itself, with a code: %v", cmd.ProcessState)
			left, err := filepath.Glob(filepath.Join(temp, "*"))
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// TestKilledCompare: a comparison that is killed at once takes its run with it, and that run its store.
func TestKilledCompare(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child that its parent is gone")
	}
	temp := t.TempDir()
	store := filepath.Join(temp, "syncbench-*", "content.sqlite")
	cmd := exec.Command("syncbench", "compare", "-q", "--limit=512MiB", "--source=synth:file-flat,units=100000,sink=20ms")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		found, _ := filepath.Glob(store)
		return len(found) == 1
	}, 30*time.Second, 10*time.Millisecond, "no store was made")
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(temp)
		return err == nil && len(left) == 0
	}, 30*time.Second, 10*time.Millisecond, "its run goes on")
}

// TestNohup: a hangup that is ignored stays ignored.
func TestNohup(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "s.sqlite")
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec syncbench run -q --limit=512MiB --store=sqlite:`+store+` --source=synth:file-flat,units=300,sink=10ms`)
	require.NoError(t, cmd.Start())
	awaitSaved(t, store)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	require.NoError(t, cmd.Wait())
}
