package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

func size(n int64) int64 { return n }

func TestWhatIsWrittenIsRead(t *testing.T) {
	b, a := budget(t, 1000)
	gate := memacct.NewGate(a, "units", 10, size)
	free := a.Charge(7)
	require.NoError(t, gate.Put(t.Context(), 40))
	r := start(t, file(t), b, Options{Every: time.Hour})
	require.NoError(t, b.SetLimit(memacct.Content(500)))
	want := b.Stats()
	r.take()

	rec := reread(t, r.path)
	require.Equal(t, Running, rec.Ended)
	require.Equal(t, os.Getpid(), rec.PID)
	require.Equal(t, "record.test", strings.TrimSuffix(rec.Command, ".exe"))
	require.WithinDuration(t, time.Now(), rec.Started, 10*time.Minute)
	require.Zero(t, rec.Damaged)
	var kinds []memacct.EventKind
	for _, e := range rec.Events {
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []memacct.EventKind{memacct.EventOpened, memacct.EventLimit}, kinds)
	require.Equal(t, b.Events()[1].Text, rec.Events[1].Text)
	require.True(t, b.Events()[1].At.Equal(rec.Events[1].At))
	require.EqualValues(t, 500, rec.Events[1].Bytes)

	got := rec.last()
	require.Equal(t, []int64{500, 47, 1}, []int64{got.Limit, got.Used, got.Units})
	require.Equal(t, want.Memory.Baseline, got.Baseline)
	require.Positive(t, got.Live)
	require.Positive(t, got.Go)
	require.Equal(t, "given", got.Source)
	require.Equal(t, []Account{{Name: "sync", Used: 47, Named: 7, Units: 1}}, got.Accounts)
	require.Equal(t, []Stage{{Account: "sync", Queue: "units", Type: "int64", Gate: true, Queued: 1, QueuedBytes: 40, Units: 1}}, got.Stages)

	free()
	gate.Discard()
	require.NoError(t, r.Close())
	require.NoError(t, r.Close(), "again")
	require.Equal(t, Clean, reread(t, r.path).Ended)
}

// Every figure has its place: one that is coded twice or not at all is found.
func TestEveryFieldIsCoded(t *testing.T) {
	s := Sample{
		At: time.Unix(1, 2), Limit: 1, Process: 2, Source: "s", Used: 3, Waiting: 4, Debt: 5, Live: 6, Baseline: 7, Pinned: 8, Go: 9,
		RSS: 10, Outside: 11, Cycles: 12, Units: 13, Waiters: 14, Overruns: 15, Refused: 16, WouldWait: 17, Pressure: true, LeftOut: 18,
		Accounts: []Account{{"a", -1, 1 << 62, 3, 4}, {"ä", 1, 2, 3, 4}},
		Stages:   []Stage{{"a", "q", "t", true, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
	}
	w, got := coder{}, Sample{At: s.At}
	s.code(&w)
	got.code(&coder{buf: w.buf, reading: true})
	require.Equal(t, s, got)

	h := newHeader(Options{Size: minSize, Every: time.Second})
	back, err := readHeader(bytes.NewReader(h.encode()))
	require.NoError(t, err)
	require.True(t, back.Started.Equal(h.Started) && back.Opened.Equal(h.Opened))
	back.Started, back.Opened = h.Started, h.Opened
	require.Equal(t, h, back)
}

func TestLargestSampleFits(t *testing.T) {
	long := strings.Repeat("ü", 200)
	const most = -1 << 63
	s := Sample{Source: long, Limit: most, Process: most, Used: most, Live: most, RSS: most}
	for range maxStages {
		s.Accounts = append(s.Accounts, Account{long, most, most, most, most})
		s.Stages = append(s.Stages, Stage{long, long, long, true, most, most, most, most, most, most, most, most, most, most, most, most, most})
	}
	c := coder{}
	s.code(&c)
	require.Less(t, len(c.buf)+16*10, maxPayload, "with room for the figures that are small here")
	require.True(t, strings.HasSuffix(cut(long, maxName), "ü…"))
	require.LessOrEqual(t, len(cut(long, maxName)), maxName)
}

// The smallest of too many stages are left out, and counted.
func TestTheLargestStagesStay(t *testing.T) {
	b, a := budget(t, 1<<20)
	for i := range maxStages + 5 {
		require.NoError(t, memacct.NewGate(a, "q", 10, size).Put(t.Context(), int64(i+1)))
	}
	r := start(t, file(t), b, Options{})
	s := reread(t, r.path).last()
	require.Len(t, s.Stages, maxStages)
	require.EqualValues(t, 5, s.LeftOut)
	for _, q := range s.Stages {
		require.Greater(t, q.QueuedBytes, int64(5))
	}
}

// A sample a second, or so: the clock is a bubble's. No time passes in it while a file is written.
func TestSamplesAreRegular(t *testing.T) {
	path := file(t)
	synctest.Test(t, func(t *testing.T) {
		b, _ := budget(t, 1000)
		r, err := Open(path, b, Options{Logger: quiet()})
		require.NoError(t, err)
		time.Sleep(10500 * time.Millisecond)
		require.NoError(t, r.Close())
	})
	rec := reread(t, path)
	require.GreaterOrEqual(t, len(rec.Samples), 1+10+1)
	for i, s := range rec.Samples[1:] {
		require.LessOrEqual(t, s.At.Sub(rec.Samples[i].At), time.Second)
	}
}

// Events that happen at any rate neither push the samples out nor have one taken each.
func TestManyEventsLeaveTheSamplesAlone(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{Size: minSize, Every: time.Hour})
	for i := range int64(3000) {
		require.NoError(t, b.SetLimit(memacct.Content(i+1)))
	}
	require.NoError(t, r.Close())
	rec := reread(t, r.path)
	require.Equal(t, Clean, rec.Ended)
	require.Zero(t, rec.Damaged)
	require.Greater(t, len(rec.Events), 100)
	require.EqualValues(t, 3000, rec.Events[len(rec.Events)-1].Bytes, "the last one is there")
	require.Len(t, rec.Samples, 2, "the first and the last")
	info, err := os.Stat(r.path)
	require.NoError(t, err)
	require.Equal(t, minSize, info.Size(), "the file never grows")
}

// An event is in the file before the call that caused it goes on, and the figures of that moment with it.
func TestEventsAreWrittenAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // or else a sample may come just before
		b, err := memacct.New(memacct.Config{Limit: memacct.Content(100), Policy: memacct.Overrun(1000), Logger: quiet()})
		require.NoError(t, err)
		r := start(t, file(t), b, Options{Every: time.Hour})
		gate := memacct.NewGate(b.Account("sync"), "units", 1, size)
		time.Sleep(r.every / perEvery)
		b.Watch(func(memacct.Event) { panic("the process ends here") })
		require.Panics(t, func() { _ = gate.Put(t.Context(), 1000) })

		rec := reread(t, r.path)
		last := rec.Events[len(rec.Events)-1]
		require.Equal(t, memacct.EventOverrun, last.Kind)
		require.Equal(t, "sync/units", last.Account+"/"+last.Queue)
		require.EqualValues(t, 1000, last.Bytes)
		require.EqualValues(t, 1000, rec.last().Used)
	})
}

func TestRecordsOfTheKilledAreKept(t *testing.T) {
	b, _ := budget(t, 1000)
	path := file(t)
	log, said := logged()
	abandon(start(t, path, b, Options{Logger: log}))
	first := reread(t, path)
	require.Equal(t, Killed, first.Ended)

	require.NoError(t, start(t, path, b, Options{Logger: log}).Close())
	require.Contains(t, said.String(), "level=WARN")
	require.Contains(t, said.String(), path+".1")
	kept := reread(t, path+".1")
	require.True(t, first.Opened.Equal(kept.Opened))
	require.Equal(t, Killed, kept.Ended)

	said.Reset()
	require.NoError(t, start(t, path, b, Options{Logger: log}).Close())
	require.Empty(t, said.String(), "one that was closed is replaced")
	require.True(t, first.Opened.Equal(reread(t, path+".1").Opened), "and pushes none out")

	abandon(start(t, path, b, Options{}))
	second := reread(t, path)
	start(t, path, b, Options{})
	require.True(t, second.Opened.Equal(reread(t, path+".1").Opened), "one is kept")
}

func TestOneWriterAFile(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{})
	_, err := Open(r.path, b, Options{})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, r.path)
	require.ErrorContains(t, err, "name another file")
	require.Equal(t, Running, reread(t, r.path).Ended, "it is as it was")
}

func TestWhatCannotBeOpened(t *testing.T) {
	b, _ := budget(t, 1000)
	dir := t.TempDir()
	foreign := forge(t, []byte("dear diary"))
	for path, want := range map[string]string{
		dir:                    "is no plain file",
		dir + "/missing/x":     "missing",
		foreign:                "is not a memacct record and is left as it is",
		"/dev/null":            "is no plain file",
		file(t) + "\x00binary": "invalid argument",
	} {
		_, err := Open(path, b, Options{Logger: quiet()})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
	text, err := os.ReadFile(foreign)
	require.NoError(t, err)
	require.Equal(t, "dear diary", string(text))

	for _, o := range []Options{{Size: 1}, {Size: maxSize + 1}, {Every: 1}, {Size: -1}, {Every: -1}} {
		_, err := Open(file(t), b, o)
		require.ErrorContains(t, err, "want ")
	}
	_, err = Open(file(t), nil, Options{})
	require.ErrorContains(t, err, "memacct.New")
}

// What a process left that died while it made the file, or that is damaged, is no obstacle.
func TestLeftoversAreNoObstacle(t *testing.T) {
	b, _ := budget(t, 1000)
	h := newHeader(Options{Size: minSize, Every: time.Second})
	damaged := h.encode()
	damaged[100] ^= 1
	for _, text := range [][]byte{nil, h.encode(), damaged, []byte(magic)} {
		path := forge(t, text)
		require.NoError(t, start(t, path, b, Options{}).Close())
		require.Equal(t, Clean, reread(t, path).Ended)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{Size: minSize})
	require.NoError(t, r.Close())
	good, err := os.ReadFile(r.path)
	require.NoError(t, err)
	change := func(at int, to byte) []byte {
		p := append([]byte{}, good...)
		p[at] = to
		return p
	}
	for _, c := range []struct {
		text []byte
		is   error
		says string
	}{
		{nil, ErrNotRecord, "empty"},
		{[]byte("\x89"), ErrNotRecord, "MEMACCT_RECORD"},
		{[]byte(strings.Repeat("random", 1000)), ErrNotRecord, "begins otherwise"},
		{make([]byte, minSize), ErrNotRecord, "begins otherwise"},
		{good[:20], ErrDamaged, "copy it again"},
		{good[:headerSize-1], ErrDamaged, "copy it again"},
		{good[:headerSize], ErrDamaged, "bytes are missing"},
		{good[:len(good)-1], ErrDamaged, "the last 1 of its 131072 bytes are missing"},
		{change(len(magic), 9), ErrVersion, "version is 9 and this program reads 1"},
		{change(prefixSize+3, good[prefixSize+3]^1), ErrDamaged, "checksum"},
		{change(len(magic)+6, 0xff), ErrDamaged, "checksum"},
	} {
		path := forge(t, c.text)
		_, err := Read(path)
		require.ErrorIs(t, err, c.is, "%.40q", c.text)
		require.ErrorContains(t, err, c.says)
		require.ErrorContains(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
	_, err = Read(r.path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Read(t.TempDir())
	require.ErrorContains(t, err, "no plain file")
}

// A file that lost its end still tells what is left in it.
func TestCutShortTellsWhatIsLeft(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{Size: minSize})
	require.NoError(t, r.Close())
	require.NoError(t, os.Truncate(r.path, minSize/2))
	rec, err := Read(r.path)
	require.ErrorIs(t, err, ErrDamaged)
	require.Len(t, rec.Events, 1)
	require.Len(t, rec.Samples, 2)
}

func TestFromEnv(t *testing.T) {
	b, _ := budget(t, 1000)
	t.Setenv("MEMACCT_RECORD", "")
	r, err := FromEnv(b)
	require.NoError(t, err)
	require.Nil(t, r)
	require.NoError(t, r.Close())

	path := file(t)
	t.Setenv("MEMACCT_RECORD", path)
	r, err = FromEnv(b)
	require.NoError(t, err)
	_, err = FromEnv(b)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "memacct: MEMACCT_RECORD="+path)
	require.NoError(t, r.Close())
	require.Equal(t, Clean, reread(t, path).Ended)
}

// A leak that closing the budget finds is in the record of who closes in the right order.
func TestOffBudgetsAreRecordedToo(t *testing.T) {
	b, err := memacct.New(memacct.Config{Mode: memacct.Off, Logger: quiet()})
	require.NoError(t, err)
	r := start(t, file(t), b, Options{})
	require.NoError(t, b.Close(context.Background()))
	require.NoError(t, r.Close())
	rec := reread(t, r.path)
	require.Zero(t, rec.last().Limit)
	require.NoError(t, rec.Print(io.Discard, 5))
}

// A write that fails is said once, and by Close.
func TestFailedWritesAreSaid(t *testing.T) {
	b, _ := budget(t, 1000)
	log, said := logged()
	r := start(t, file(t), b, Options{Logger: log, Every: time.Hour})
	readonly, err := os.Open(r.path)
	require.NoError(t, err)
	r.mu.Lock()
	r.file.Close()
	r.file = readonly
	r.mu.Unlock()
	require.NoError(t, b.SetLimit(memacct.Content(10)))
	r.take()
	require.ErrorContains(t, r.Close(), "record: ")
	require.Equal(t, 1, strings.Count(said.String(), "level=ERROR"), said.String())
}

func TestJSON(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{})
	require.NoError(t, r.Close())
	text, err := json.Marshal(reread(t, r.path))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, "memacct-record/v1", got["schema"])
	require.Equal(t, "clean", got["ended"])
	require.Len(t, got["events"], 1)
	sample := got["samples"].([]any)[0].(map[string]any)
	require.EqualValues(t, 1000, sample["limit_bytes"])
	for _, key := range []string{"at", "used_bytes", "waiting_bytes", "live_bytes", "pinned_bytes", "rss_anon_bytes", "go_bytes", "gc_cycles_total", "stages"} {
		require.Contains(t, sample, key)
	}
	empty, err := json.Marshal(new(Record))
	require.NoError(t, err)
	require.Contains(t, string(empty), `"samples":[]`)
}

// errWriter fails.
type errWriter struct{}

func (errWriter) Write([]byte) (int, error) { return 0, errors.New("no one listens") }

func TestPrintSaysThatItFailed(t *testing.T) {
	require.EqualError(t, new(Record).Print(errWriter{}, 1), "no one listens")
}

// A record makes no garbage; what there is, Stats makes.
func TestRecordsAllocateNothing(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{Every: time.Hour})
	s, e := b.Stats(), b.Events()[0]
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r.mu.Lock()
		r.writeSample(&s)
		r.mu.Unlock()
		r.writeEvent(e)
	}))
}
