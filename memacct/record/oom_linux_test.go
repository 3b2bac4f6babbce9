package record

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
	"github.com/syncmem/syncmem/memacct"
)

// The process that dies for want of memory: what it holds is known before it goes on to its end.
var oomLimit int64 = 96 * mib

const (
	oomEvery = 100 * time.Millisecond
	heldSync = 10 // units of a mebibyte, in the gate
	heldLeak = 24 // mebibytes that nobody put
)

func init() {
	children["leaky"] = leaky
	if raceEnabled {
		oomLimit *= 4 // the detector keeps four bytes for each one that was touched
	}
}

// resident is a mebibyte that was touched: what was not is none to the kernel.
func resident() []byte {
	p := make([]byte, mib)
	for i := range p {
		p[i] = 1
	}
	return p
}

// leaky fills a gate, leaks a known amount, rests, and then leaks until it is killed. It says on stdout when it
// rests, and after each step.
func leaky(path string) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Process(oomLimit), Policy: memacct.Overrun(mib), Logger: quiet()})
	check(err)
	_, err = Open(path, b, Options{Every: oomEvery, Logger: quiet()})
	check(err)
	gate := memacct.NewGate(b.Account("mirror"), "packages", 100, func(p []byte) int64 { return int64(len(p)) })
	for range heldSync {
		check(gate.Put(context.Background(), resident()))
	}
	var leak [][]byte
	for range heldLeak {
		leak = append(leak, resident())
	}
	runtime.GC()
	check(b.SetLimit(memacct.Process(oomLimit - mib))) // a decision, with the figures of this moment
	time.Sleep(3 * oomEvery)
	fmt.Println("rested", time.Now().UnixNano())
	for {
		leak = append(leak, resident())
		fmt.Println("leaked", time.Now().UnixNano(), len(leak))
		time.Sleep(5 * time.Millisecond)
	}
}

// The kernel's OOM killer ends a process that records; afterwards the record says what happened.
func TestRecordSurvivesTheOOMKiller(t *testing.T) {
	path := file(t)
	cmd := child(t, "leaky", path)
	var out strings.Builder
	cmd.Stdout = &out
	res, err := wall.Run(t.Context(), oomLimit, cmd)
	if errors.Is(err, wall.ErrNoCgroup) {
		t.Skipf("NOT TESTED, nothing is known here of a record after the OOM killer: %v", err)
	}
	require.NoError(t, err)
	require.Positive(t, res.OOMKills, "%+v", res)
	require.EqualValues(t, 9, res.Signal, "%+v", res)

	rec := reread(t, path)
	var text strings.Builder
	require.NoError(t, rec.Print(&text, 12))
	t.Log("\n" + text.String())
	require.Equal(t, Killed, rec.Ended)
	require.Zero(t, rec.Damaged)

	rested, died := saidBy(t, out.String())
	age := died.Sub(rec.last().At)
	t.Logf("the last sample is %v older than the last that the process said", age)
	require.Less(t, age, oomEvery+oomEvery/2, "a sample takes a while where memory is short")

	var resting *Sample
	for i, s := range rec.Samples {
		if s.At.Before(rested) {
			resting = &rec.Samples[i]
		}
	}
	require.EqualValues(t, oomLimit-mib, resting.Process)
	require.EqualValues(t, heldSync*mib, resting.Used)
	require.EqualValues(t, heldSync*mib, resting.Stages[0].Bytes())
	pinned := float64(resting.Live - resting.Used - resting.Baseline)
	t.Logf("pinned: %.2f MiB in the record, %d in truth", pinned/mib, heldLeak)
	require.InEpsilon(t, heldLeak*mib, pinned, 0.05)
	require.Greater(t, rec.last().RSS, oomLimit*8/10)
	require.Greater(t, rec.last().RSS, resting.RSS)

	last := rec.Events[len(rec.Events)-1]
	require.Equal(t, memacct.EventOpened, rec.Events[0].Kind)
	require.Contains(t, []memacct.EventKind{memacct.EventLimit, memacct.EventAlarm, memacct.EventThrash}, last.Kind)
	require.Contains(t, rec.Summary(), "of "+bytesize.Format(oomLimit-mib)+" were resident")
	require.Contains(t, rec.Summary(), "It looks like this: ")
}

// saidBy is when the process had rested, and when it said something last.
func saidBy(t *testing.T, text string) (rested, last time.Time) {
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var word string
		var at int64
		_, err := fmt.Sscan(lines.Text(), &word, &at)
		require.NoError(t, err)
		last = time.Unix(0, at)
		if word == "rested" {
			rested = last
		}
	}
	require.False(t, rested.IsZero(), text)
	return rested, last
}
