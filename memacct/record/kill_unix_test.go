//go:build unix

package record

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

func init() {
	children["busy"] = busy
	children["full"] = full
}

// child is this test binary as that process; what it says goes to the returned pipe's other end.
func child(t *testing.T, mode, path string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, path)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	cmd.Stderr = os.Stderr
	return cmd
}

// check ends a child that can't do its work.
func check(err error) {
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
}

// busy records as fast as it can, and says on stdout which record is done, until it is killed.
func busy(path string) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1), Logger: quiet()})
	check(err)
	r, err := Open(path, b, Options{Size: minSize, Every: time.Hour, Logger: quiet()})
	check(err)
	s := b.Stats()
	for n := int64(1); ; n++ {
		s.Used, s.Debt, s.At = n, -n, time.Unix(0, n)
		s.Source = string(make([]byte, n%100)) // frames of many lengths, so that the ring ends anywhere
		r.mu.Lock()
		r.writeSample(&s)
		r.mu.Unlock()
		_, err := os.Stdout.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
		check(err)
	}
}

// SIGKILL at any moment, while records are written at full speed, costs at most the one that was being written.
func TestKilledWhileWriting(t *testing.T) {
	kills := 50
	if n, err := strconv.Atoi(os.Getenv("SYNCMEM_KILLS")); err == nil {
		kills = n
	}
	path, total, torn := file(t), int64(0), 0
	for range kills {
		cmd := child(t, "busy", path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		first := make([]byte, 8)
		_, err = io.ReadFull(out, first)
		require.NoError(t, err)
		time.AfterFunc(time.Duration(rand.Int64N(int64(30*time.Millisecond))), func() { cmd.Process.Kill() })
		said, err := io.ReadAll(out)
		require.NoError(t, err)
		require.Error(t, cmd.Wait())
		require.Equal(t, syscall.SIGKILL, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())

		said = append(first, said...)
		done := int64(binary.LittleEndian.Uint64(said[len(said)/8*8-8:]))
		rec := reread(t, path)
		require.Equal(t, Killed, rec.Ended)
		require.Zero(t, rec.Damaged)
		last := rec.last().Used
		require.True(t, last == done || last == done+1, "the last one said to be done is %d, the last one there %d", done, last)
		for i, s := range rec.Samples {
			if s.Limit == 1 && s.Debt == 0 {
				continue // what Open took
			}
			require.Equal(t, last-int64(len(rec.Samples)-1-i), s.Used, "one after the other")
			require.Equal(t, -s.Used, s.Debt)
			require.Len(t, s.Source, int(s.Used%100))
		}
		total += done
		if last == done {
			torn++
		}
	}
	t.Logf("%d kills, %d records; %d kills came before the next record was complete", kills, total, torn)
	require.Equal(t, Killed, reread(t, path+".1").Ended, "and the one before is kept")
}

// full opens a record where a file may not grow as large as it would have to.
func full(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	check(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 50_000, Max: 50_000}))
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1), Logger: quiet()})
	check(err)
	_, err = Open(path, b, Options{Logger: quiet()})
	os.Stdout.WriteString(err.Error())
}

// That a file has no room is found out when it is opened, and leaves nothing behind.
func TestNoRoomIsFoundOutAtOpen(t *testing.T) {
	path := file(t)
	out, err := child(t, "full", path).Output()
	require.NoError(t, err)
	require.Regexp(t, "^record: write .*"+path+": file too large: a record takes 512.0 KiB; make room, or name a file elsewhere$", string(out))
	_, err = os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A pipe would make the one who opens it wait.
func TestPipesAreRefused(t *testing.T) {
	path := file(t)
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := Read(path)
	require.ErrorContains(t, err, "no plain file")
	b, _ := budget(t, 1)
	_, err = Open(path, b, Options{})
	require.ErrorContains(t, err, "no plain file")
}
