package memacct

import (
	"errors"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// goLimitNow is the Go runtime's memory limit, in bytes.
func goLimitNow() int64 { return debug.SetMemoryLimit(-1) }

// applicationSets has the application set its own memory limit until the end of the test.
func applicationSets(t *testing.T, n int64) {
	before := debug.SetMemoryLimit(n)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
}

// setsGo is a budget of a process limit that has the Go runtime's follow.
func setsGo(t *testing.T, n int64) *Budget {
	t.Helper()
	return quiet(t, Process(n), func(c *Config) { c.GoLimit = GoLimitSet })
}

// The application's own limit is left alone unless asked, never raised, and put back if asked.
func TestTheGoLimitFollowsIfAsked(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	plain := quiet(t, Process(512*mib), func(c *Config) { c.GoLimit = GoLimitKeep })
	require.Equal(t, int64(math.MaxInt64), goLimitNow())
	b := setsGo(t, 512*mib)
	require.Less(t, goLimitNow(), int64(512*mib))
	require.Greater(t, goLimitNow(), int64(256*mib))
	require.Greater(t, b.Stats().Limit, plain.Stats().Limit, "the heap need not double")
	require.Equal(t, int64(math.MaxInt64), host.ApplicationLimit(), "not taken for the application's")
	require.NoError(t, b.SetLimit(Process(256*mib)))
	require.Less(t, goLimitNow(), int64(256*mib))
	empty(t, b)
	require.Equal(t, int64(math.MaxInt64), goLimitNow())

	debug.SetMemoryLimit(300 * mib)
	b = setsGo(t, 512*mib)
	require.EqualValues(t, 300*mib, goLimitNow(), "never above the application's")
	debug.SetMemoryLimit(200 * mib) // the application changes its mind
	runtime.GC()
	empty(t, b)
	require.LessOrEqual(t, goLimitNow(), int64(200*mib))
	empty(t, plain)
}

// Where the application has set no limit a budget sets one, and yields to the application's as soon as it sets it.
func TestTheGoLimitIsSetWhereThereIsNone(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	b := quiet(t, Process(512*mib))
	require.Less(t, goLimitNow(), int64(512*mib))
	require.True(t, b.gov.Binds)
	seldom := b.gcTrigger.at
	debug.SetMemoryLimit(2 << 30)
	b.regulate(b.gov)
	require.Equal(t, int64(2<<30), goLimitNow(), "the application's own is left alone, though it is above the process limit")
	require.False(t, b.gov.Binds)
	require.Less(t, b.gcTrigger.at, seldom, "and so the budget looks more often between two collections")
	other := quiet(t, Process(400*mib))
	require.Equal(t, int64(2<<30), goLimitNow())
	empty(t, other)
	debug.SetMemoryLimit(math.MaxInt64)
	b.regulate(b.gov)
	require.Less(t, goLimitNow(), int64(512*mib))
	empty(t, b)
	require.Equal(t, int64(math.MaxInt64), goLimitNow())
	shadow := quiet(t, Process(512*mib), func(c *Config) { c.Mode = Shadow })
	require.Equal(t, int64(math.MaxInt64), goLimitNow(), "who only looks on changes nothing")
	empty(t, shadow)
}

// There is one limit for all budgets: the least that an open one wants, whatever came first or ends first.
func TestTheGoLimitIsTheLeastOfAllBudgets(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	large, small := int64(1<<30), int64(512*mib)
	for _, sizes := range [][3]int64{{large, small, large}, {small, large, small}} {
		first := setsGo(t, sizes[0])
		alone := goLimitNow()
		second := setsGo(t, sizes[1])
		require.Less(t, goLimitNow(), small)
		look(first, second)
		require.Less(t, goLimitNow(), small, "also when the other one looked last")
		require.Equal(t, int64(math.MaxInt64), host.ApplicationLimit(), "not taken for the application's")

		empty(t, first)
		require.Less(t, goLimitNow(), sizes[1], "the one left is still held")
		require.Greater(t, goLimitNow(), sizes[1]/2, "and no lower")
		third := setsGo(t, sizes[2])
		empty(t, second)
		look(third)
		require.InEpsilon(t, alone, goLimitNow(), 0.1)
		empty(t, third)
		require.Equal(t, int64(math.MaxInt64), goLimitNow())
	}
}

// The application may change its own limit while budgets have theirs: it counts if it is the least, and is what
// is back in the end.
func TestTheGoLimitOfTheApplicationAmongBudgets(t *testing.T) {
	applicationSets(t, 2<<30)
	one, two := new(host.GoLimitRequest), new(host.GoLimitRequest)
	for _, c := range []struct{ sets, least int64 }{{4 << 30, 512 * mib}, {200 * mib, 200 * mib}, {3 << 30, 512 * mib}} {
		debug.SetMemoryLimit(c.sets)
		require.Equal(t, c.sets, host.ApplicationLimit())
		one.Set(1 << 30)
		two.Set(512 * mib)
		require.Equal(t, c.least, goLimitNow())
		require.Equal(t, c.sets, host.ApplicationLimit())
	}
	two.Drop()
	require.Equal(t, int64(1<<30), goLimitNow())
	debug.SetMemoryLimit(5 << 30)
	one.Drop()
	require.Equal(t, int64(5<<30), goLimitNow())
}

// A limit of content bounds no process, and a budget that only observes bounds nothing.
func TestTheGoLimitIsWantedOnlyWhereTheProcessIsLimited(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	b := setsGo(t, 1<<30)
	require.NoError(t, b.SetLimit(Content(mib)))
	require.Equal(t, int64(math.MaxInt64), goLimitNow())
	require.NoError(t, b.SetLimit(Process(1<<30)))
	require.Less(t, goLimitNow(), int64(1<<30))
	shadow, _ := open(t, 1, func(c *Config) { c.Limit, c.GoLimit, c.Mode = Process(512*mib), GoLimitSet, Shadow })
	require.Greater(t, goLimitNow(), int64(512*mib))
	empty(t, b)
	require.Equal(t, int64(math.MaxInt64), goLimitNow())
	empty(t, shadow)
}

// What nobody closes bounds the others only until it is collected.
func TestTheGoLimitOfALostBudgetEnds(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	setsGo(t, 512*mib)
	require.Eventually(t, func() bool {
		runtime.GC()
		return goLimitNow() == math.MaxInt64
	}, 10*time.Second, time.Millisecond)
}

// What looks or sets while or after a budget is closed does not bring its limit back.
func TestTheGoLimitEndsWithTheBudget(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	for range 50 {
		b := setsGo(t, 1<<30)
		require.Less(t, goLimitNow(), int64(1<<30))
		var late sync.WaitGroup
		late.Go(func() { lookUntilClosed(b) })
		late.Go(func() {
			for _, n := range []int64{900 * mib, 800 * mib, 700 * mib} {
				if err := b.SetLimit(Process(n)); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
		empty(t, b)
		late.Wait()
		require.Equal(t, int64(math.MaxInt64), goLimitNow())
		require.ErrorIs(t, b.SetLimit(Process(512*mib)), ErrClosed)
		require.Equal(t, int64(math.MaxInt64), goLimitNow())
	}
}

// What a budget has set stays when it is closed, and is not taken for the application's then.
func TestTheGoLimitStaysForTheLifeOfTheProcess(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	stays := func(c *Config) { c.RestoreGoLimit = false }
	b := quiet(t, Process(512*mib), stays)
	empty(t, b)
	require.InEpsilon(t, 0.9*512*float64(mib), goLimitNow(), 0.05)
	require.Equal(t, int64(math.MaxInt64), host.ApplicationLimit())
	empty(t, quiet(t, Process(300*mib), stays))
	require.InEpsilon(t, 0.9*300*float64(mib), goLimitNow(), 0.05)
	empty(t, quiet(t, Process(600*mib)))
	require.Equal(t, int64(math.MaxInt64), goLimitNow(), "the last one restores it")

	debug.SetMemoryLimit(2 << 30)
	empty(t, quiet(t, Process(512*mib), stays))
	require.Equal(t, int64(2<<30), goLimitNow(), "what was never set stays as it was")
	empty(t, quiet(t, Content(mib), stays))
	require.Equal(t, int64(2<<30), goLimitNow())
}

// look has budgets look at the process as after a collection.
func look(all ...*Budget) {
	for _, b := range all {
		b.regulate(b.gov)
	}
}

// lookUntilClosed does without a rest what collections and waiting puts have done now and then.
func lookUntilClosed(b *Budget) {
	for open := true; open; {
		b.enter()
		g := b.gov
		open = !b.closing.begun
		b.leaveQuietly()
		b.regulate(g)
	}
}

// A GOMEMLIMIT above the wall is told, with both amounts, and one below it is not.
func TestAGoLimitAboveTheWallIsTold(t *testing.T) {
	told := func(goLimit, cgroup int64, l Limit, sets ...GoLimit) []Event {
		cfg := Config{Limit: l, Logger: slog.New(slog.DiscardHandler), GoLimit: append(sets, GoLimitKeep)[0]}
		b, err := newOn(hostOf(goLimit, cgroup, 8<<30).host(), cfg)
		require.NoError(t, err)
		defer func() { require.NoError(t, b.Close(t.Context())) }()
		return eventsOf(b, EventGoLimit)
	}
	for _, l := range []Limit{Auto(), Process(400 * mib), Content(10 * mib)} {
		all := told(2<<30, 512*mib, l)
		require.Len(t, all, 1, l)
		require.Equal(t, int64(2<<30), all[0].Bytes)
		require.Regexp(t, `^GOMEMLIMIT 2\.0 GiB, above cgroup .*512\.0 MiB: .*; set GOMEMLIMIT=460MiB or less`, all[0].Text)
		require.Empty(t, told(480*mib, 512*mib, l), l)
		require.Empty(t, told(0, 512*mib, l), l)
	}
	require.Regexp(t, `; the budget sets a lower one$`, told(2<<30, 512*mib, Auto(), GoLimitSet)[0].Text)
	require.Regexp(t, `^GOMEMLIMIT 16\.0 GiB, above the machine's memory 8\.0 GiB`, told(16<<30, 0, Content(10*mib))[0].Text)
}
