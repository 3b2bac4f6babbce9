package memacct

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

func TestLimitsThatFollowTheProcess(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	for _, l := range []Limit{Auto(), Share(0.5), Process(1 << 30)} {
		b, err := New(Config{Limit: l})
		require.NoError(t, err)
		s := b.Stats()
		require.Positive(t, s.Limit)
		require.Greater(t, s.Process, s.Limit)
		require.NotEmpty(t, s.Source)
		require.Contains(t, b.source.String(), "process limit")
		empty(t, b)
	}
	_, err := New(Config{Mode: 7})
	require.ErrorContains(t, err, "unknown mode 7")
	_, err = New(Config{Limit: Process(-1)})
	require.ErrorContains(t, err, "n > 0")
	require.Equal(t, "fail", Fail().String())
	require.Equal(t, "overrun:5B", Overrun(5).String())
	require.Equal(t, "overrun:64MiB", Overrun(64*mib).String())
}

// Huge pages fill a small limit with what nobody uses.
func TestSmallLimitsTurnHugePagesOff(t *testing.T) {
	for name, c := range map[string]struct {
		limit  Limit
		always bool
		change func(*Config)
		asked  int
	}{
		"small":                     {limit: Process(128 * mib), always: true, asked: 1},
		"small, and no huge pages":  {limit: Process(128 * mib), asked: 1},
		"large":                     {limit: Process(129 * mib), always: true},
		"of content, not a process": {limit: Content(mib), always: true},
		"kept":                      {limit: Process(128 * mib), always: true, change: func(c *Config) { c.KeepHugePages = true }},
		"only watched":              {limit: Process(128 * mib), always: true, change: func(c *Config) { c.Mode = Shadow }},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			h := *host.This
			h.SmallPages = func() bool { asked++; return c.always }
			cfg := Config{Limit: c.limit, Logger: slog.New(slog.DiscardHandler), RestoreGoLimit: true}
			if c.change != nil {
				c.change(&cfg)
			}
			b, err := newOn(&h, cfg)
			require.NoError(t, err)
			defer empty(t, b)
			require.Equal(t, c.asked, asked)
			if said := "transparent huge pages off"; c.always && asked > 0 {
				require.Contains(t, b.source.String(), said)
			} else {
				require.NotContains(t, b.source.String(), said)
			}
		})
	}
}

// Behind a small limit the program's own code is dropped and read again: without what is around it, or that drops more.
func TestSmallLimitsReadCodeByThePage(t *testing.T) {
	for limit, want := range map[Limit]int{Process(128 * mib): 1, Process(129 * mib): 0, Content(mib): 0} {
		asked := 0
		h := *host.This
		h.KeepCode = func(int64) { asked++ }
		b, err := newOn(&h, Config{Limit: limit, KeepHugePages: true, Logger: slog.New(slog.DiscardHandler), RestoreGoLimit: true})
		require.NoError(t, err)
		empty(t, b)
		require.Equal(t, want, asked, limit)
	}
}

// Also where the cgroup's limit falls to a small one, and only then.
func TestALimitThatFallsSavesOnPages(t *testing.T) {
	f := hostOf(0, 256*mib, 8<<30)
	applicationSets(t, math.MaxInt64)
	h := f.host()
	code, huge := 0, 0
	h.KeepCode = func(int64) { code++ }
	h.SmallPages = func() bool { huge++; return true }
	b, err := newOn(h, Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	told := make(chan Event, 10)
	b.Watch(func(e Event) { told <- e })
	for i, c := range []struct {
		wall int64
		asks int
	}{{200 * mib, 0}, {100 * mib, 1}} {
		f.wall.Store(c.wall)
		due(b.gov)
		b.regulate(b.gov)
		require.Equal(t, c.asks, huge, i)
		require.Equal(t, c.asks, code, i)
		e := <-told
		require.Equal(t, c.asks > 0, strings.Contains(e.Text, "transparent huge pages off"), e.Text)
	}
	empty(t, b)
}

func TestASecondCloseLooksAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		q := NewQueue(a, "units", 10, weight)
		require.NoError(t, b.Close(t.Context()))
		require.NoError(t, q.Put(t.Context(), &load{5}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, b.Close(ctx), "%d units are in flight", b.Stats().Units)
	})
}

func TestCloseWaitsForUnitsAndNamesWhoHoldsThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 40, 20)
		next, stop := leases(t, g)
		next()
		blocked := putLater(t.Context(), g, 90)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.Close(ctx)
		require.ErrorIs(t, <-blocked, ErrClosed)
		var leak *LeakError
		require.ErrorAs(t, err, &leak)
		require.Equal(t, 2, leak.Units)
		require.Equal(t, int64(60), leak.Bytes)
		require.ErrorContains(t, err, "test/units has 1 queued (20 B) and 1 in hand (40 B)")
		closing := later(func() error { return b.Close(t.Context()) })
		g.Discard()
		synctest.Wait()
		require.Empty(t, closing)
		stop()
		require.NoError(t, <-closing)
	})
}

func TestCloseNamesReservationsAndChargesNotGivenBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		cache := a.Charge(30)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.Close(ctx)
		require.ErrorContains(t, err, "30 B")
		require.ErrorContains(t, err, "test")
		cache()
		cache() // twice is harmless
		empty(t, b)
	})
}
