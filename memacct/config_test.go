package memacct

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
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
