package memacct

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/internal/procmem/wall"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// These tests hold real memory against what the kernel says of a whole process. Each runs in a process of its
// own, so that no other test's memory counts. The name TestHeld is what the accuracy target of the Makefile runs.

// alone runs the calling test once more in a process of its own, and reports whether this is it. GODEBUG and the
// like are inherited; GOMEMLIMIT and GOGC are not.
func alone(t *testing.T) bool {
	t.Helper()
	if raceEnabled {
		t.Skip("NOT TESTED: the race detector needs several times the memory")
	}
	if _, err := procmem.RSSAnon(); err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	if os.Getenv(aloneMark) == t.Name() {
		return true
	}
	cmd := aloneCommand(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
	return false
}

// aloneMark is the variable that tells a process which test is its only one.
const aloneMark = "MEMACCT_TEST_ALONE"

// aloneCommand is the calling test as a process of its own.
func aloneCommand(t *testing.T) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = wall.Environ()
	cmd.Env = append(cmd.Env, aloneMark+"="+t.Name())
	return cmd
}

// parcel is a unit of real memory with a heavy tail: most are some kilobytes, one in a hundred is a megabyte.
type parcel struct {
	parts [][]byte
	sum   [sha256.Size]byte
}

func newParcel(r *rand.Rand) *parcel {
	n := 1 + r.IntN(8)
	if r.IntN(100) == 0 {
		n = 256
	}
	p := &parcel{parts: make([][]byte, n)}
	for i := range p.parts {
		p.parts[i] = make([]byte, 4096)
		p.parts[i][r.IntN(4096)] = 1 // resident, whatever the kernel does with zeroes
	}
	return p
}

func parcelSize(p *parcel) int64 { return 64 + int64(len(p.parts))*(4096+24) }

// flow is a sync: a first stage that makes parcels until it is stopped, and a stage that takes them in batches
// and is slow enough for the gate to fill.
type flow struct {
	gate *Gate[*parcel]
	stop chan struct{}
	done sync.WaitGroup
	err  error // of the first stage
	kept int64 // bytes that it keeps, but for the last
	n    int
}

func startFlow(t *testing.T, a *Account, name string, keep bool) *flow {
	f := &flow{gate: NewGate(a, name, 10_000, parcelSize), stop: make(chan struct{})}
	f.done.Go(func() { f.err = f.first(t, keep) })
	f.done.Go(func() {
		for batch := range f.gate.Batches(t.Context(), Batch{Size: 2000}) {
			f.n += len(batch)
			time.Sleep(2 * time.Millisecond)
		}
	})
	return f
}

func (f *flow) first(t *testing.T, keep bool) error {
	defer f.gate.Close()
	r := rand.New(rand.NewPCG(1, 2))
	var kept []*parcel
	for {
		select {
		case <-f.stop:
			return nil
		default:
		}
		p := newParcel(r)
		for range 2 { // a first stage reads and checks: this one still makes some hundred megabytes a second
			for _, part := range p.parts {
				p.sum = sha256.Sum256(part)
			}
		}
		if keep {
			kept = append(kept, p)
		}
		if err := f.gate.Put(t.Context(), p); err != nil {
			return err
		}
		if keep {
			f.kept += parcelSize(p)
		}
		runtime.KeepAlive(kept)
	}
}

func (f *flow) end(t *testing.T) {
	close(f.stop)
	f.done.Wait()
	require.NoError(t, f.err)
	require.Positive(t, f.n)
}

// held watches this process for so long and checks that it stays under the limit.
func held(t *testing.T, what string, limit int64, d time.Duration) {
	t.Helper()
	s := procmem.StartSampler(time.Millisecond, nil)
	time.Sleep(d)
	s.Stop()
	peak := s.Peak()
	require.NoError(t, peak.Err)
	t.Logf("%s: peak %s RssAnon of %s", what, bytesize.Format(peak.RSSAnon), bytesize.Format(limit))
	require.LessOrEqual(t, peak.RSSAnon, limit, what)
}

func openProcess(t *testing.T, n int64) *Budget {
	t.Helper()
	b, err := New(Config{Limit: Process(n), GoLimit: GoLimitSet, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	require.NoError(t, err)
	return b
}

func TestHeldWhileTheLimitChanges(t *testing.T) {
	if !alone(t) {
		return
	}
	b := openProcess(t, 128*mib)
	f := startFlow(t, b.Account("sync"), "units", false)
	held(t, "at first", 128*mib, 2*time.Second)
	for _, n := range []int64{64 * mib, 192 * mib, 48 * mib} {
		require.NoError(t, b.SetLimit(Process(n)))
		// What is in flight drains, and the runtime gives its pages back in the background.
		from := time.Now()
		for calm := 0; calm < 100; calm++ {
			if rss, err := procmem.RSSAnon(); err != nil || rss >= n || b.Stats().Debt > 0 {
				calm = 0
			}
			require.Less(t, time.Since(from), 10*time.Second, "it never came down to the new limit")
			time.Sleep(time.Millisecond)
		}
		t.Logf("settled at %s after %v", bytesize.Format(n), time.Since(from))
		held(t, "changed to "+bytesize.Format(n), n, 2*time.Second)
	}
	f.end(t)
	empty(t, b)
}

func TestHeldByTwoSyncsTogether(t *testing.T) {
	if !alone(t) {
		return
	}
	b := openProcess(t, 96*mib)
	one, two := startFlow(t, b.Account("one"), "units", false), startFlow(t, b.Account("two"), "units", false)
	held(t, "two syncs", 96*mib, 3*time.Second)
	one.end(t)
	held(t, "one sync", 96*mib, time.Second)
	two.end(t)
	empty(t, b)
}

// Eighty megabytes live that are no content: in a heap as programs have, of many small objects.
func TestHeldBesideALiveHeap(t *testing.T) {
	if !alone(t) {
		return
	}
	b := openProcess(t, 160*mib)
	f := startFlow(t, b.Account("sync"), "units", false)
	time.Sleep(500 * time.Millisecond) // it comes on top of a full budget
	type node struct {
		next *node
		_    [7]int64
	}
	var list *node
	for i := range 80 * mib / 64 {
		list = &node{next: list}
		if i%(mib/64) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	held(t, "beside 80 MiB", 160*mib, 3*time.Second)
	require.InEpsilon(t, 80*mib, b.Stats().Memory.Pinned, 0.15)
	f.end(t)
	runtime.KeepAlive(list)
	empty(t, b)
}

// Where the Go runtime has no limit and may get none, the budget has to look, and to collect, by itself.
func TestHeldWithoutAGoLimit(t *testing.T) {
	if !alone(t) {
		return
	}
	keep := func(t *testing.T) *Budget {
		b, err := New(Config{Limit: Process(128 * mib), GoLimit: GoLimitKeep, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
		require.NoError(t, err)
		return b
	}
	t.Run("beside 50 MiB", func(t *testing.T) {
		live := make([]byte, 50*mib)
		for i := range live {
			live[i] = 1
		}
		b := keep(t)
		f := startFlow(t, b.Account("sync"), "units", false)
		held(t, "beside 50 MiB", 128*mib, 3*time.Second)
		f.end(t)
		runtime.KeepAlive(live)
		empty(t, b)
	})
	t.Run("GOGC=400", func(t *testing.T) {
		defer debug.SetGCPercent(debug.SetGCPercent(400))
		b := keep(t)
		f := startFlow(t, b.Account("sync"), "units", false)
		held(t, "with GOGC=400", 128*mib, 3*time.Second)
		f.end(t)
		empty(t, b)
	})
	t.Run("two budgets", func(t *testing.T) {
		one, two := keep(t), keep(t)
		f, g := startFlow(t, one.Account("sync"), "units", false), startFlow(t, two.Account("sync"), "units", false)
		held(t, "two budgets", 128*mib, 3*time.Second)
		f.end(t)
		g.end(t)
		empty(t, one)
		empty(t, two)
	})
}

// A first stage that keeps all it emits: the error comes within a second of the last unit's end, says how much is
// kept, and the process has not broken its limit by then.
func TestHeldUntilPinnedMemoryIsToldOf(t *testing.T) {
	if !alone(t) {
		return
	}
	const limit = 128 * mib
	b := openProcess(t, limit)
	s := procmem.StartSampler(time.Millisecond, nil)
	f := startFlow(t, b.Account("sync"), "units", true)
	failed := make(chan struct{})
	go func() { f.done.Wait(); close(failed) }()
	drained := time.Now()
	for waiting := true; waiting; {
		select {
		case <-failed:
			waiting = false
		case <-time.After(time.Millisecond):
			if b.Stats().Units > 0 {
				drained = time.Now()
			}
		}
	}
	took := time.Since(drained)
	s.Stop()
	var refused *BudgetError
	require.ErrorAs(t, f.err, &refused)
	require.Equal(t, Pinned, refused.Reason, "%v", f.err)
	require.InEpsilon(t, f.kept, refused.Pinned, 0.05)
	require.InEpsilon(t, f.kept, refused.Residue.Bytes, 0.05)
	require.Contains(t, f.err.Error(), "held outside the queues (by the first stage, or by whom it gave the units to: each finished unit leaves about")
	require.Regexp(t, `most of what lives was made at memacct\.newParcel held_test.go:\d+`, f.err.Error())
	t.Logf("told %v after the last drain; peak %s of %s\n%v", took, bytesize.Format(s.Peak().RSSAnon), bytesize.Format(limit), f.err)
	require.Less(t, took, time.Second, "an upper bound that was asked for: it is some collections of a full heap")
	require.LessOrEqual(t, s.Peak().RSSAnon, limit)
	require.True(t, errors.Is(f.err, ErrOverBudget))
	empty(t, b)
}

// collected forces collections until the budget has looked at what one found that began after the call: a look
// under way may miss the first.
func collected(t *testing.T, b *Budget) {
	looks := func() int {
		b.enter()
		defer b.mu.Unlock()
		return b.gov.Sizes.N
	}
	for want, until := looks()+2, time.Now().Add(10*time.Second); looks() < want; {
		require.True(t, time.Now().Before(until), "it never looks")
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// sizesThatLie runs a sync whose sizes are the truth times a factor, until the budget says what it thinks of it.
func sizesThatLie(t *testing.T, truth float64) float64 {
	b, err := New(Config{Limit: Content(int64(40 * truth * float64(mib))), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	g := NewGate(b.Account("sync"), "units", 100_000, func(p *parcel) int64 { return int64(truth * float64(parcelSize(p))) })
	r := rand.New(rand.NewPCG(3, 4))
	var said []float64
	for until := time.Now().Add(20 * time.Second); len(said) < 5 && time.Now().Before(until); {
		for range 200 + r.IntN(1200) { // the budget fills, and empties, by different amounts
			require.NoError(t, g.Put(t.Context(), newParcel(r)))
		}
		collected(t, b)
		g.Discard()
		collected(t, b)
		if f := b.Stats().Memory.SizeFactor; f > 0 {
			said = append(said, f)
		}
	}
	empty(t, b)
	require.NotEmpty(t, said, "it never says anything")
	slices.Sort(said)
	return said[len(said)/2]
}

func TestHeldSizesAreCalibrated(t *testing.T) {
	if !alone(t) {
		return
	}
	for _, truth := range []float64{1 / 1.3, 1, 2} {
		t.Run(fmt.Sprintf("%.2f", truth), func(t *testing.T) {
			factor := sizesThatLie(t, truth)
			t.Logf("sizes times %.2f: %.3f live bytes for each accounted one: %s", truth, factor, govern.SizesText(factor))
			require.InEpsilon(t, 1/truth, factor, 0.07)
		})
	}
}

// keptOfEach is what a consumer keeps of each unit of keeps, in bytes.
const keptOfEach = 6144

// keeps puts units whose consumer keeps a part of each, and charges that to a hold, until a put is refused or so many
// are through.
func keeps(t *testing.T, g *Gate[*parcel], h *Hold, units int) (kept [][]byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range g.All(t.Context()) {
			kept = append(kept, make([]byte, keptOfEach))
			h.Add(keptOfEach)
		}
	}()
	r := rand.New(rand.NewPCG(1, 2))
	for range units {
		if err = g.Put(t.Context(), newParcel(r)); err != nil {
			break
		}
	}
	g.Close()
	<-done
	return kept, err
}

// A consumer that keeps 6 KiB of each unit: the error says so, and how much all of them would leave behind.
func TestHeldByConsumersIsToldOf(t *testing.T) {
	if !alone(t) {
		return
	}
	b := openProcess(t, 64*mib)
	g := NewGate(b.Account("sync"), "units", 100, parcelSize)
	g.Expect(20_000)
	kept, err := keeps(t, g, nil, 20_000)
	e := refusedWith(t, err)
	t.Logf("%v\n\n%s", e, e.Report())
	truth := float64(len(kept)) * keptOfEach
	require.InEpsilon(t, keptOfEach, e.Residue.Each, 0.05)
	require.InEpsilon(t, truth, e.Residue.Bytes, 0.05)
	require.InEpsilon(t, truth, e.Pinned, 0.05)
	require.Contains(t, e.Error(), "held outside the queues (by a stage: each finished unit leaves about ")
	require.Regexp(t, `; most of what lives was made at memacct\.keeps\S* held_test.go:\d+`, e.Error())
	require.InEpsilon(t, float64(20_000-e.Residue.Units)*keptOfEach, e.Residue.Expected, 0.05)
	require.Contains(t, e.Error(), "are to come, and leave")
	runtime.KeepAlive(kept)
}

// The same, charged by name: the error names the hold, and still says by how much it grows.
func TestHeldByNameIsToldOf(t *testing.T) {
	if !alone(t) {
		return
	}
	a := openProcess(t, 64*mib).Account("sync")
	kept, err := keeps(t, NewGate(a, "units", 100, parcelSize), a.Hold("results"), 20_000)
	e := refusedWith(t, err)
	t.Logf("%v", e)
	require.InEpsilon(t, keptOfEach, e.Residue.Each, 0.06)
	require.Contains(t, e.Error(), "(results ")
	require.Contains(t, e.Error(), "and it grows by ")
	runtime.KeepAlive(kept)
}
