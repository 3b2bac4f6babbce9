package memacct

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

const screenLines = text.Height

// What the first stage holds is told to within 5 % also beside content that waits, content in flight and a
// reservation that nothing was read for.
func TestPinnedMemoryBesideContent(t *testing.T) {
	if raceEnabled {
		t.Skip("NOT TESTED: the race detector adds to every block")
	}
	const pinned, block = 24 * mib, 64 << 10
	b, a := open(t, 20*mib)
	g := NewGate(a, "units", 1000, func(u []byte) int64 { return int64(cap(u)) })
	q := NewQueue(a, "resolve", 1000, func(u []byte) int64 { return int64(cap(u)) })
	var keep [][]byte
	for range pinned / block {
		keep = append(keep, make([]byte, block))
	}
	for range 10 * mib / block {
		require.NoError(t, g.Put(t.Context(), make([]byte, block)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { // everything in flight will be parked on a unit that does not come
		for batch := range g.LeaseBatches(ctx, Batch{Size: 10 * int(mib/block)}) {
			_ = batch.ForwardAll(ctx, q)
			break
		}
		n := 0
		for l := range q.Leases(ctx) {
			if n++; n == 10*int(mib/block) {
				<-stuck
			}
			l.Detach()
			l.Park(make(chan struct{}))
			context.AfterFunc(ctx, l.Release)
		}
	})
	errs := make([]error, 5)
	all.Go(func() { _, errs[0] = g.Reserve(ctx, 30*mib) })
	for i := range errs[1:] {
		all.Go(func() { errs[i+1] = g.Put(ctx, make([]byte, 11*mib)) })
	}
	require.Eventually(t, func() bool { return q.Stats().Parked == 10*int(mib/block)-1 && b.Stats().Waiters == 5 }, 10*time.Second, time.Millisecond)
	close(stuck)
	require.Eventually(t, func() bool { return b.Stats().Waiters == 0 && b.Stats().Refused == 5 }, 10*time.Second, time.Millisecond)
	cancel()
	all.Wait()
	for _, err := range errs {
		refused := refusedWith(t, err)
		require.Equal(t, Stalled, refused.Reason)
		require.Equal(t, 10*mib, refused.Used)
		require.Equal(t, 74*mib, refused.Waiting)
		require.InDelta(t, pinned, refused.Pinned, 0.05*float64(pinned), "%v", err)
	}
	runtime.KeepAlive(keep)
	empty(t, b)
}

// All that are refused at once have the same sum.
func TestThoseRefusedTogetherShareOneVerdict(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 60)
		next, stop := leases(t, g)
		lease := next()
		var puts []chan error
		for range 5 {
			puts = append(puts, putLater(t.Context(), g, 50))
		}
		lease.Park(make(chan struct{}))
		for _, p := range puts {
			e := refusedWith(t, <-p)
			require.ErrorIs(t, e, ErrStalled)
			require.Equal(t, 5, e.Refused)
			require.Equal(t, int64(250), e.Waiting)
			require.ErrorContains(t, e, "wait for each other, maybe for one of the 5 that were refused at once: put the units")
		}
		told := eventsOf(b, EventRefused)
		require.Len(t, told, 1)
		require.Contains(t, told[0].Text, "\nqueue ")
		require.EqualValues(t, 5, b.Stats().Refused)
		require.Zero(t, b.core.Refused)
		stop()
		empty(t, b)
	})
}

func TestRefusalOnOneScreen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var logged []string
		b, a := open(t, 1000, func(c *Config) {
			c.Logger = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) { logged = append(logged, string(p)); return len(p), nil }), nil))
		})
		for _, name := range []string{"rpm", "deb", "npm", "file", "ansible", "python"} {
			other := b.Account(name, WithFloor(10))
			for _, q := range []string{"first", "query", "download", "save", "resolve", "associate"} {
				NewQueue(other, q, 10, weight)
			}
		}
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "resolve", 10, weight)
		never := make(chan struct{})
		fill(t, g, 500, 200)
		var all []chan error
		for range 20 { // so many stages that not all fit
			all = append(all, stageLoop(t.Context(), a, "a stage with a long name "+strings.Repeat("x", len(all)), g, func(context.Context, *load) { hang(never) }))
		}
		time.Sleep(20 * time.Second)
		put := putLater(t.Context(), g, 400)
		time.Sleep(20 * time.Second)
		b.enter() // as if they were parked
		for range 2 {
			g.q.Park(&core.Park{})
		}
		b.leave()
		e := refusedWith(t, <-put)
		text := e.Report()
		t.Log("\n" + text)
		t.Log("\n" + e.Error())
		lines := strings.Split(text, "\n")
		require.LessOrEqual(t, len(lines), screenLines)
		for _, l := range lines {
			require.LessOrEqual(t, len(l), 110, l)
		}
		require.Equal(t, "memacct: test/units: a unit of 400 B does not fit (stalled)", lines[0])
		require.Contains(t, text, "budget    1000 B, 700 B in use by 2 units, 0 B debt, 400 B waiting, 60 B kept by floors")
		require.Contains(t, text, "largest   500 B of type *memacct.load, in hand of \"a stage")
		require.Contains(t, text, "and 4 more accounts")
		require.Contains(t, text, "more queues")
		require.Contains(t, text, "more places")
		require.Contains(t, strings.Join(lines[len(lines)-3:], ""), "raise the budget  by 160 B or more, or allow an overrun of 160 B.")
		require.NotEmpty(t, e.Top)
		require.NotEmpty(t, e.Stuck)
		require.Len(t, eventsOf(b, EventRefused), 1)
		synctest.Wait()
		last := logged[len(logged)-1]
		require.Contains(t, last, `level=WARN msg="memacct: test/units: a unit of 400 B does not fit (stalled)" event=refused account=test queue=units bytes=400 reason=stalled limit_bytes=1000 used_bytes=700 units=2`)
		require.Contains(t, last, ` places.1="`)
		require.Contains(t, last, ` places.more=12`)
		require.NotContains(t, last, `\n`, "a table in a value is unreadable")
		b.enter()
		for range 2 {
			g.q.Unpark(&core.Park{})
		}
		b.leave()
		g.Close()
		q.Close()
		close(never)
		for _, d := range all {
			<-d
		}
		empty(t, b)
	})
}

// A unit that only the floors of others keep out blames those, and not the first stage; and a budget that was
// cut below its floors does not try it for ever.
func TestFloorsAreBlamedForWhatTheyKeepOut(t *testing.T) {
	b, a := open(t, 100)
	b.Account("other", WithFloor(60))
	g := NewGate(a, "units", 10, weight)
	e := refusedWith(t, g.Put(t.Context(), &load{50}))
	require.Equal(t, Floors, e.Reason)
	require.ErrorContains(t, e, "and the floors of other accounts keep 60 B")
	require.ErrorContains(t, e, "Lower the floors of the other accounts, close those that are done, or raise the budget by 10 B or more.")
	empty(t, b)

	b = quiet(t, Process(1<<30))
	b.Account("other", WithFloor(1<<20))
	cut(b, 1<<20)
	g = NewGate(b.Account("test"), "units", 1, weight)
	require.NoError(t, g.Put(t.Context(), &load{1000}))
	require.Equal(t, 1, g.Discard())
	r, err := g.Reserve(t.Context(), 2000) // as for a put
	require.NoError(t, err)
	r.Release()
	require.Empty(t, eventsOf(b, EventRefused))
	empty(t, b)
}

func TestRefusedReservationSaysThatNothingWasRead(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	back := a.Charge(80)
	_, err := g.Reserve(t.Context(), 50)
	e := refusedWith(t, err)
	require.Equal(t, int64(50), e.Unread)
	require.Equal(t, int64(50), e.Waiting)
	require.ErrorContains(t, err, "50 B more were asked for and not read yet")
	back()
	require.Len(t, eventsOf(b, EventRefused), 1)
	empty(t, b)
}

func TestLeakReportNamesHolders(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		never := make(chan struct{})
		done := stageLoop(t.Context(), a, "save", g, func(context.Context, *load) { hang(never) })
		fill(t, g, 40)
		r, err := g.Reserve(t.Context(), 20)
		require.NoError(t, err)
		free := a.Charge(5)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = b.Close(ctx)
		var leak *LeakError
		require.ErrorAs(t, err, &leak)
		t.Log("\n" + err.Error() + "\n\n" + leak.Report())
		require.ErrorContains(t, err, `"save" (from test/units) has 1 unit (40 B) in hand`)
		require.ErrorContains(t, err, "at memacct.hang stall_test.go:")
		require.ErrorContains(t, err, "test/units has 1 unit (20 B) reserved")
		require.ErrorContains(t, err, "account test has charges of 5 B")
		require.Contains(t, leak.Report(), "stage  save")
		events := b.Events()
		require.Equal(t, EventLeak, events[len(events)-1].Kind)
		free()
		r.Release()
		close(never)
		<-done
		empty(t, b)
	})
}

func TestErrorsWithoutAVerdictPrint(t *testing.T) {
	for _, r := range []Reason{TooLarge, Pinned, Floors, Stalled, ""} {
		e := &BudgetError{Reason: r, Process: 5, Debt: 1, Refused: 3}
		require.NotEmpty(t, e.Error())
		require.NotEmpty(t, e.Report())
	}
	require.NotEmpty(t, (&LeakError{}).Error())
	require.False(t, errors.Is(&BudgetError{}, ErrStalled))
}

// A hundred thousand goroutines beside the pipeline do not keep a report that was asked for from naming the
// stage; one that nobody asked for does not look at so many. They have a process of their own: the runtime keeps 44 MiB
// of them for ever, which would be live heap for all tests that come after.
func TestReportBesideAHundredThousandGoroutines(t *testing.T) {
	n := 100_000
	if raceEnabled {
		n = 7_500 // the race detector knows of no more than 8128 at once
	} else if !alone(t) {
		return
	}
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	never := make(chan struct{})
	var all, there sync.WaitGroup
	there.Add(n + 1)
	all.Go(func() {
		_ = a.Stage(t.Context(), "save", func(ctx context.Context) error {
			for range g.All(ctx) {
				there.Done()
				hang(never)
			}
			return nil
		})
	})
	for range n {
		all.Go(func() { there.Done(); <-never })
	}
	fill(t, g, 40)
	there.Wait()
	text := b.Report()
	require.Regexp(t, `stage  save  works  memacct.hang stall_test.go:\d+`, text)
	require.Less(t, len(text), 4096)
	if !raceEnabled {
		require.Contains(t, b.inspect(false).stall().Text, "was not looked at")
	}
	close(never)
	g.Close()
	all.Wait()
	empty(t, b)
}

// A second refusal within a second says where everybody was at the first: it does not stop the world again.
func TestRefusalsInARowShareOneLook(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		_ = a.Stage(t.Context(), "first", func(ctx context.Context) error {
			var looked time.Time
			for i := range 3 {
				e := refusedWith(t, g.Put(ctx, &load{500}))
				require.Len(t, e.Stuck, 1)
				require.Equal(t, "first", e.Stuck[0].Stage)
				require.Equal(t, Puts, e.Stuck[0].Doing)
				require.Contains(t, e.Stuck[0].Where, "report_test.go:")
				require.Contains(t, e.Report(), "largest   500 B of type *memacct.load, the one refused")
				require.Equal(t, i == 1, b.places.looked.Equal(looked))
				looked = b.places.looked
				time.Sleep(time.Duration(i) * dumpEvery)
			}
			return nil
		})
		empty(t, b)
	})
}
