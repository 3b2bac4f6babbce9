package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal of 70 columns; what is written to it can be read from shown.
func openTerminal(t *testing.T) (terminal, shown *os.File) {
	shown, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("NO TERMINAL CAN BE MADE HERE: nothing is known about the progress bar: ", err)
	}
	t.Cleanup(func() { shown.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(shown.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(shown.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 70}))
	return terminal, shown
}

// onScreen runs the command with its stderr on a terminal and returns all that was written there.
func onScreen(t *testing.T, env string, args ...string) string {
	terminal, shown := openTerminal(t)
	cmd := exec.Command("syncbench", append([]string{"run", "--limit=512MiB"}, args...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env), terminal
	require.NoError(t, cmd.Start())
	terminal.Close()
	text, _ := io.ReadAll(shown) // ends with EIO when the last writer is gone
	require.NoError(t, cmd.Wait())
	return string(text)
}

// On a terminal there is one bar with a line of details below, nothing wraps, and in the end nothing is left.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	text := onScreen(t, "TERM=xterm", "--batch=20", "--source=synth:file-flat,units=100,sink=200ms")
	require.Regexp(t, `sync +\d+% \|`, text)
	require.Regexp(t, `\d+ units \(\d+%\), \d+ saved, accounted`, text)
	require.True(t, strings.HasSuffix(text, clearBelow), "%q", text)
	require.NotRegexp(t, `\x1b\[[0-9;]*m`, text, "no colours, so that NO_COLOR is honoured")
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' || r == '\x1b' }) {
		require.LessOrEqual(t, len([]rune(line)), 70, "%q", line)
	}
}

// A terminal that can't move its cursor gets lines, as a file does.
func TestProgressOnADumbTerminal(t *testing.T) {
	t.Parallel()
	require.Empty(t, onScreen(t, "TERM=dumb", "--batch=20", "--source=synth:file-flat,units=100,sink=50ms"))
}
