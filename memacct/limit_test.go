package memacct

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// fakeHost is a machine whose figures a test turns. All are bytes; 0 is none.
type fakeHost struct{ goLimit, wall, machine atomic.Int64 }

func (f *fakeHost) host() *host.Host {
	or := func(n int64) int64 {
		if n == 0 {
			return math.MaxInt64
		}
		return n
	}
	return &host.Host{
		GoLimit: func() int64 { return or(f.goLimit.Load()) },
		Machine: func() int64 { return or(f.machine.Load()) },
		RSS:     func() int64 { return 0 }, // the race detector's memory would count
		Walls: func() host.Walls {
			w := host.Walls{Least: or(f.wall.Load()), Name: "no cgroup limit"}
			if w.Least != math.MaxInt64 {
				w.Name = "cgroup /a/b/memory.high"
			}
			return w
		},
		SmallPages: func() bool { return false },
		KeepCode:   func(int64) {},
	}
}

func hostOf(goLimit, wall, machine int64) *fakeHost {
	f := new(fakeHost)
	f.goLimit.Store(goLimit)
	f.wall.Store(wall)
	f.machine.Store(machine)
	return f
}

func TestTheLeastLimitCounts(t *testing.T) {
	const gib = 1 << 30
	for name, c := range map[string]struct {
		host         *fakeHost
		want         int64
		from, looked string
	}{
		"GOMEMLIMIT":                  {hostOf(2*gib, 0, 8*gib), 2 * gib, "GOMEMLIMIT", "no cgroup limit"},
		"GOMEMLIMIT below the cgroup": {hostOf(2*gib, 4*gib, 8*gib), 2 * gib, "GOMEMLIMIT", "cgroup /a/b/memory.high 4.0 GiB"},
		"GOMEMLIMIT above the cgroup": {hostOf(4*gib, 2*gib, 8*gib), 2 * gib, "cgroup /a/b/memory.high", "GOMEMLIMIT 4.0 GiB"},
		"cgroup":                      {hostOf(0, 2*gib, 8*gib), 2 * gib, "cgroup /a/b/memory.high", "GOMEMLIMIT unset"},
		"machine":                     {hostOf(0, 0, 8*gib), 4 * gib, "half of the machine's memory", "GOMEMLIMIT unset, no cgroup limit"},
		"cgroup above the machine":    {hostOf(0, 99*gib, 8*gib), 4 * gib, "half of the machine's memory", "GOMEMLIMIT unset, cgroup /a/b/memory.high 99.0 GiB"},
		"nothing":                     {hostOf(0, 0, 0), host.Guess, "a guess: neither GOMEMLIMIT nor a cgroup limit nor the machine's memory can be read", ""},
	} {
		h := c.host.host()
		s := h.FindLimit(h.Walls())
		require.Equal(t, c.want, s.Bytes, name)
		require.Equal(t, c.from, s.From, name)
		require.Equal(t, c.looked, s.Looked, name)
	}
	s, err := Share(0.25).resolve(hostOf(0, 2*gib, 8*gib).host(), false, mib)
	require.NoError(t, err)
	require.EqualValues(t, gib/2, s.process)
	require.Equal(t, "25% of the 2.0 GiB of cgroup /a/b/memory.high", s.from)
}

// Where the own group can't be seen, half of the machine may be more than the kernel allows: that is said once. What
// somebody set for this process is taken to be right.
func TestALimitThatMayBeTooHighIsTold(t *testing.T) {
	const gib = 1 << 30
	hidden := fmt.Errorf("memory cgroup: %w: /proc/self/cgroup calls it /", procmem.ErrHidden)
	alarms := func(f *fakeHost, c Config) (texts []string) {
		h := f.host()
		seen := h.Walls
		h.Walls = func() host.Walls {
			w := seen()
			w.Hidden = hidden
			return w
		}
		c.Logger = slog.New(slog.DiscardHandler)
		b, err := newOn(h, c)
		require.NoError(t, err)
		for _, e := range b.Events() {
			if e.Kind == EventAlarm {
				texts = append(texts, e.Text)
			}
		}
		empty(t, b)
		return texts
	}
	require.Equal(t, []string{"the kernel may end this process below the limit of 4.0 GiB: memory cgroup: the files of this process's memory cgroup " +
		"are not to be seen: /proc/self/cgroup calls it /; set GOMEMLIMIT below the container's limit"}, alarms(hostOf(0, 0, 8*gib), Config{}))
	require.Empty(t, alarms(hostOf(2*gib, 0, 8*gib), Config{}))
	require.Empty(t, alarms(hostOf(0, 0, 8*gib), Config{Limit: Process(gib)}))
	require.Empty(t, alarms(hostOf(0, 0, 8*gib), Config{Limit: Content(gib)}))
}

// What cannot be held is one line that names the setting, with an example that works.
func TestLimitsThatCannotBe(t *testing.T) {
	t.Setenv("MEMACCT_LIMIT", "64GiB")
	asked, err := ConfigFromEnv()
	require.NoError(t, err)
	for want, l := range map[string]Limit{
		"memacct: MEMACCT_LIMIT=64GiB: a process limit of 64.0 GiB is more than there is: cgroup /a/b/memory.high is 2.0 GiB, and the kernel would end the process there; set less (for example MEMACCT_LIMIT=1844MiB)": asked.Limit,
		"memacct: Process(68719476736): a process limit of 64.0 GiB is more than there is: cgroup /a/b/memory.high is 2.0 GiB, and the kernel would end the process there; set less (for example Process(1844 << 20))":  Process(64 << 30),
		"memacct: Process(0): a process limit of 0 bytes: use Process(n) with n > 0 (for example Process(800 << 20))":                                                                                                   Process(0),
		"memacct: Share(2): a share is above 0 and up to 1, for example Share(0.25)":                                                                                                                                    Share(2),
		"memacct: Share(NaN): a share is above 0 and up to 1, for example Share(0.25)":                                                                                                                                  Share(0),
	} {
		_, err := newOn(hostOf(0, 2<<30, 8<<30).host(), Config{Limit: l})
		require.EqualError(t, err, want)
	}
	_, err = New(Config{Limit: Process(mib)})
	require.ErrorContains(t, err, "memacct: Process(1048576): a process limit of 1.0 MiB (given) is too small: the program itself uses ")
	_, err = New(Config{Limit: Process(1 << 50)})
	require.ErrorContains(t, err, "more than there is")
	_, err = newOn(hostOf(0, 4*mib, 8<<30).host(), Config{})
	require.Regexp(t, `^memacct: Auto\(\): a process limit of 4\.0 MiB \(cgroup /a/b/memory\.high\) is too small: the program itself uses .* `+
		`before any content.*; it needs [0-9.]+ MiB or more, and cgroup /a/b/memory\.high is 4\.0 MiB: raise that$`, err.Error())
}

func TestALimitBelowTheFloorsIsRefused(t *testing.T) {
	b, _ := open(t, 1000)
	b.Account("a", WithFloor(600))
	b.Account("b", WithFloor(300))
	require.EqualError(t, b.SetLimit(Content(800)),
		"memacct: Content(800): it leaves 800 B for content, less than the floors of all accounts, 900 B together; set more (for example Content(1 << 20))")
	require.EqualValues(t, 1000, b.Stats().Limit, "nothing changed")
	empty(t, b)
}

// A cut below the floors must not make a unit fail that the process can hold: the floors give way.
func TestFloorsShrinkWithTheBudget(t *testing.T) {
	b, _ := watched(t, hostOf(0, 0, 8<<30), Process(1<<30))
	floored, other := b.Account("floored", WithFloor(8*mib)), b.Account("other")
	for _, left := range []int64{0, mib, 9 * mib} {
		cut(b, left)
		for _, a := range []*Account{other, floored} {
			g := NewGate(a, "units", 1, weight)
			require.NoError(t, g.Put(t.Context(), &load{4 * mib}), "%s at %d", a.Name(), left)
			require.Equal(t, 1, g.Discard())
		}
	}
	empty(t, b)
}

// watched is a budget on a made host, and the events of it that come.
func watched(t *testing.T, f *fakeHost, l Limit) (*Budget, chan Event) {
	t.Helper()
	applicationSets(t, math.MaxInt64) // f's is made up, but it is the runtime's that a budget sets and reads
	b, err := newOn(f.host(), Config{Limit: l, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	told := make(chan Event, 100)
	b.Watch(func(e Event) { told <- e })
	return b, told
}

// due makes the next look read the limits again.
func due(g *governor) {
	g.kernel.Forget()
}

func TestALimitThatChangesIsFollowed(t *testing.T) {
	f := hostOf(0, 1<<30, 8<<30)
	b, told := watched(t, f, Auto())
	g := b.gov
	before := b.Stats()
	f.wall.Store(256 * mib)
	due(g)
	b.regulate(g)
	b.regulate(g)
	e := <-told
	require.Equal(t, EventLimit, e.Kind)
	require.EqualValues(t, 256*mib, e.Bytes)
	require.Contains(t, e.Text, "the limit changed, from 1.0 GiB: process limit of 256.0 MiB (cgroup /a/b/memory.high; GOMEMLIMIT unset)")
	lower := b.Stats()
	require.EqualValues(t, 256*mib, lower.Process)
	require.Less(t, lower.Limit, before.Limit)

	f.goLimit.Store(512 * mib)
	f.wall.Store(0)
	due(g)
	b.regulate(g)
	require.EqualValues(t, 512*mib, (<-told).Bytes)
	raised := b.Stats()
	require.Equal(t, "GOMEMLIMIT", raised.Source)
	require.Greater(t, raised.Limit, lower.Limit, "at once")
	require.Empty(t, told, "once a change")

	b.Account("floored", WithFloor(raised.Limit*9/10))
	f.goLimit.Store(300 * mib)
	due(g)
	b.regulate(g)
	e = <-told
	require.Equal(t, EventAlarm, e.Kind)
	require.Contains(t, e.Text, "which shrink in proportion")
	empty(t, b)
}

// Looks are as many as collections, and changes are rare: a look that finds none makes no words.
func TestALimitThatStaysCostsNothing(t *testing.T) {
	b, told := watched(t, hostOf(0, 1<<30, 8<<30), Share(0.5))
	kernel := b.gov.kernel.Read(true, 0)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b.enter()
		defer b.leave()
		b.followLocked(b.gov, kernel)
	}))
	require.Empty(t, told)
	empty(t, b)
}

// A limit that was given can become more than the cgroup allows while it is in use.
func TestAGivenLimitYieldsToTheCgroup(t *testing.T) {
	f := hostOf(0, 1<<30, 8<<30)
	b, told := watched(t, f, Process(512*mib))
	f.wall.Store(256 * mib)
	due(b.gov)
	b.regulate(b.gov)
	require.Contains(t, (<-told).Text, "process limit of 256.0 MiB (cgroup /a/b/memory.high; Process(536870912))")
	f.wall.Store(1 << 30)
	due(b.gov)
	b.regulate(b.gov)
	require.EqualValues(t, 512*mib, (<-told).Bytes)
	empty(t, b)
}

// No collection comes, and yet a put that waits sees that the limit was raised.
func TestAWaitingPutSeesARaisedLimit(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	f := hostOf(0, 256*mib, 8<<30)
	b, _ := watched(t, f, Auto())
	content := b.Stats().Limit
	g := NewGate(b.Account("test"), "units", 10, weight)
	require.NoError(t, g.Put(t.Context(), &load{content * 3 / 4}))
	done := make(chan error, 1)
	go func() { done <- g.Put(t.Context(), &load{content * 3 / 4}) }()
	require.Eventually(t, func() bool { return b.Stats().Waiters == 1 }, 10*time.Second, time.Millisecond)
	f.wall.Store(1 << 30)
	require.NoError(t, <-done)
	require.Equal(t, 2, g.Discard())
	empty(t, b)
}

func TestTheClockMayJump(t *testing.T) {
	require.EqualValues(t, int64(math.MaxInt64), host.Since(time.Now().Add(time.Hour)))
	synctest.Test(t, func(*testing.T) { require.Zero(t, host.Since(time.Now())) })
}

func TestOpeningSaysWhatWasLookedAt(t *testing.T) {
	var log bytes.Buffer
	b, err := newOn(hostOf(0, 512*mib, 8<<30).host(), Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.Contains(t, log.String(), "memacct: process limit of 512.0 MiB (cgroup /a/b/memory.high; GOMEMLIMIT unset), at first ")
	require.Equal(t, "cgroup /a/b/memory.high", b.Stats().Source)
	require.Equal(t, "GOMEMLIMIT unset", b.Stats().Beside)
	empty(t, b)
}

// An application's own memory limit is the process limit, and nobody touches it.
func TestAutoReadsTheMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(900 * mib)
	defer debug.SetMemoryLimit(before)
	b, err := New(Config{})
	require.NoError(t, err)
	s := b.Stats()
	require.Equal(t, int64(900*mib), s.Process)
	require.Equal(t, "GOMEMLIMIT", s.Source)
	require.Less(t, s.Limit, s.Process)
	require.Equal(t, int64(900*mib), debug.SetMemoryLimit(-1))

	half, err := New(Config{Limit: Share(0.5)})
	require.NoError(t, err)
	require.Equal(t, int64(450*mib), half.Stats().Process)
}

func TestAutoWithoutAMemoryLimit(t *testing.T) {
	s := host.This.FindLimit(host.This.Walls())
	require.Positive(t, s.Bytes)
	require.NotEmpty(t, s.From)
}
