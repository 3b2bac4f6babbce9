package memacct

import (
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// TestSettingsOfTheEnvironment goes through every spelling and every mistake.
func TestSettingsOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, limit, share, policy, mode string
		want                             Config
		fails                            string // what the error names
	}{
		{name: "nothing set"},
		{name: "process", limit: "800MiB", want: Config{Limit: Process(800 * mib)}},
		{name: "part", limit: "60%", want: Config{Limit: Share(0.6)}},
		{name: "content", limit: "content:64MiB", policy: "overrun:16MiB", want: Config{Limit: Content(64 * mib), Policy: Overrun(16 * mib)}},
		{name: "auto", limit: " auto ", policy: "fail", mode: "enforce"},
		{name: "off", limit: "off", mode: "shadow", want: Config{Mode: Off}},
		{name: "shadow", mode: "shadow", want: Config{Mode: Shadow}},
		{name: "fraction", share: "1/4", want: Config{Limit: Share(0.25)}},
		{name: "decimal", share: "0.5", want: Config{Limit: Share(0.5)}},
		{name: "no amount", limit: "much", fails: "MEMACCT_LIMIT=much"},
		{name: "nothing left", limit: "0B", fails: "leaves no memory"},
		{name: "too much", limit: "101%", fails: "up to 100"},
		{name: "no percentage", limit: "x%", fails: "60%"},
		{name: "share of none", share: "1/0", fails: "MEMACCT_SHARE=1/0"},
		{name: "more than all", share: "2", fails: "up to 1"},
		{name: "share and limit", limit: "60%", share: "1/2", fails: "unset MEMACCT_LIMIT"},
		{name: "policy", policy: "hope", fails: `unknown policy "hope"`},
		{name: "policy amount", policy: "overrun:much", fails: "MEMACCT_POLICY"},
		{name: "mode", mode: "on", fails: `unknown mode "on"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("MEMACCT_LIMIT", c.limit)
			t.Setenv("MEMACCT_SHARE", c.share)
			t.Setenv("MEMACCT_POLICY", c.policy)
			t.Setenv("MEMACCT_MODE", c.mode)
			cfg, err := ConfigFromEnv()
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				require.ErrorContains(t, err, "for example")
				return
			}
			require.NoError(t, err)
			cfg.Limit.setting = "" // it is for errors
			require.Equal(t, c.want, cfg)
		})
	}
}

func TestASettingThatIsMisspelledIsNamed(t *testing.T) {
	t.Setenv("MEMACCT_RECORD", "somewhere")
	_, err := ConfigFromEnv()
	require.NoError(t, err)
	t.Setenv("MEMACCT_LIMITS", "64MiB")
	_, err = ConfigFromEnv()
	require.ErrorContains(t, err, "memacct: MEMACCT_LIMITS is no setting: use MEMACCT_RECORD, MEMACCT_LIMIT, ")
}

func TestABudgetThatIsOffSaysSo(t *testing.T) {
	b, _ := open(t, 100, func(c *Config) { c.Mode = Off })
	require.Contains(t, eventsOf(b, EventOpened)[0].Text, "mode off")
	require.ErrorContains(t, b.SetLimit(Content(10)), "off")
	q := NewQueue(b.Account("test"), "units", 1, weight)
	require.NoError(t, q.Put(t.Context(), &load{1}))
	g := NewGate(b.Account("gate"), "units", 1, weight)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range g.All(t.Context()) {
		}
	}()
	require.Equal(t, 1, q.Discard())
	require.NoError(t, b.Close(t.Context()), "as in every mode, once nothing is left")
	<-ended // Close ends the loops over its gates, too

	b, _ = open(t, 100)
	empty(t, b)
	require.ErrorIs(t, b.SetLimit(Content(10)), ErrClosed)
}

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

func TestErrorsSayWhereTheMemoryIsAndWhatToDo(t *testing.T) {
	b, a := open(t, 100)
	require.Equal(t, "test", a.Name())
	require.Empty(t, (*Account)(nil).Name())
	g := NewGate(a, "units", 10, weight)
	undo := a.Charge(60)
	err := g.Put(t.Context(), &load{50}) // it would fit, but for the charge
	budget := refusedWith(t, err)
	require.Equal(t, Charged, budget.Reason)
	require.Equal(t, int64(60), budget.Used)
	require.Equal(t, int64(60), budget.Named)
	require.Equal(t, int64(50), budget.Waiting)
	require.ErrorContains(t, err, "in use by 0 units and 60 B by charges")
	require.ErrorContains(t, err, "Give back what was charged by name (test: 60 B), or raise the budget by 10 B or more.")
	require.ErrorContains(t, g.Put(t.Context(), &load{150}), "Raise the budget by 110 B or more, or allow an overrun of 110 B.")
	require.ErrorContains(t, &BudgetError{Reason: Pinned}, "Have the first stage keep less")
	require.ErrorContains(t, &BudgetError{Reason: Stalled, Debt: 7}, "7 B past it")
	require.ErrorContains(t, &BudgetError{Reason: TooLarge, Item: 100, Limit: 60, Overrun: 30}, "or allow an overrun of 40 B instead of 30 B.")
	require.NotContains(t, (&BudgetError{Reason: TooLarge, Item: 50, Limit: 60, Process: 100, Need: 90}).Error(), "overrun", "one of 0 B would be no help")
	require.ErrorContains(t, &BudgetError{Reason: Stalled}, "wait for each other")
	undo()
	require.Panics(t, func() { a.Charge(-1) })
	require.Panics(t, func() {
		for range g.Batches(t.Context(), Batch{Size: -1}) {
		}
	})
	require.Zero(t, a.Stats().Queues[0].Waits) // refused at once
	require.False(t, g.Drained())
	g.Close()
	g.Close()
	require.True(t, g.Drained())
	empty(t, b)
}

func TestBatchFigures(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 5, weight)
	fill(t, g, 1, 1, 1, 1, 1)
	g.Close()
	require.Zero(t, g.Stats().Batches.Mean())
	require.Equal(t, 3, count(g.Batches(t.Context(), Batch{Bytes: 2}))) // Size 0 is the capacity
	s := g.Stats().Batches
	require.Equal(t, int64(5), s.Add(s).Units/2)
	require.Equal(t, int64(3), s.Total())
	require.Equal(t, 5./3, s.Mean())
	require.Equal(t, BatchStats{Size: 1, Bytes: 1, End: 1, Units: 5}, s)
	empty(t, b)
}

func TestParseLimit(t *testing.T) {
	for text, want := range map[string]Limit{
		"800MiB": Process(800 * mib), "60%": Share(0.6), "content:64MiB": Content(64 * mib), "auto": Auto(), " 1GiB ": Process(1 << 30),
	} {
		got, err := ParseLimit(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, hint := range map[string]string{
		"800": "800MiB", "0MiB": "no memory at all", "0%": "percentage", "101%": "percentage", "content:": "not a byte count", "lots": "not a byte count",
	} {
		_, err := ParseLimit(text)
		require.ErrorContains(t, err, hint, text)
	}
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

func TestHugePagesFromEnv(t *testing.T) {
	for text, want := range map[string]bool{"auto": false, "keep": true} {
		t.Setenv("MEMACCT_HUGEPAGES", text)
		cfg, err := ConfigFromEnv()
		require.NoError(t, err)
		require.Equal(t, want, cfg.KeepHugePages)
	}
	t.Setenv("MEMACCT_HUGEPAGES", "never")
	_, err := ConfigFromEnv()
	require.EqualError(t, err, `memacct: MEMACCT_HUGEPAGES=never: unknown word "never": it is auto or keep (for example MEMACCT_HUGEPAGES=keep)`)
}

func TestTheGoLimitFromEnv(t *testing.T) {
	for text, want := range map[string]GoLimit{"auto": GoLimitAuto, "set": GoLimitSet, "keep": GoLimitKeep} {
		t.Setenv("MEMACCT_GOMEMLIMIT", text)
		cfg, err := ConfigFromEnv()
		require.NoError(t, err)
		require.Equal(t, want, cfg.GoLimit)
		require.Equal(t, text, cfg.GoLimit.String())
	}
	t.Setenv("MEMACCT_GOMEMLIMIT", "64MiB")
	_, err := ConfigFromEnv()
	require.ErrorContains(t, err, `MEMACCT_GOMEMLIMIT=64MiB: unknown word "64MiB": it is auto, set or keep; an amount belongs in MEMACCT_LIMIT or GOMEMLIMIT`)
}

// An error about a limit gives an example in the words of whoever set it.
func TestALimitIsNamedAsItWasSpelled(t *testing.T) {
	for want, l := range map[string]Limit{
		"--limit=content:0: ": Content(0).Named("--limit=content:0"), "Content(0): ": Content(0),
		"--limit=1B": Process(1).Named("--limit=1B"), "Process(1)": Process(1),
	} {
		_, err := New(Config{Limit: l, Logger: slog.New(slog.DiscardHandler)})
		require.ErrorContains(t, err, want)
	}
	for want, l := range map[string]Limit{
		"Process(3 << 20)": Process(1), "Content(3 << 20)": Content(1), "--limit=3MiB": Process(1).Named("--limit=1B"),
		"--limit=content:3MiB": Content(1).Named("--limit=content:1B"), "MEMACCT_LIMIT=3MiB instead of it": Share(0.1).Named("MEMACCT_SHARE=0.1"),
	} {
		require.Equal(t, want, l.example(2*mib+1))
	}
}
