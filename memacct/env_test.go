package memacct

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

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

func TestConfigFromEnv(t *testing.T) {
	t.Setenv("MEMACCT_LIMIT", "800MiB")
	t.Setenv("MEMACCT_POLICY", "overrun:64MiB")
	t.Setenv("MEMACCT_MODE", "shadow")
	got, err := ConfigFromEnv()
	require.NoError(t, err)
	require.Equal(t, Config{Limit: Process(800 * mib), Policy: Overrun(64 * mib), Mode: Shadow}, got)

	t.Setenv("MEMACCT_LIMIT", "off")
	got, err = ConfigFromEnv()
	require.NoError(t, err)
	require.Equal(t, Off, got.Mode, "off wins over a mode")

	t.Setenv("MEMACCT_LIMIT", "")
	t.Setenv("MEMACCT_SHARE", "1/4")
	got, err = ConfigFromEnv()
	require.NoError(t, err)
	require.Equal(t, Share(0.25), got.Limit)
}

func TestConfigFromEnvNamesTheVariable(t *testing.T) {
	for name, bad := range map[string][]string{
		"MEMACCT_LIMIT":  {"800", "-1MiB", "0MiB"},
		"MEMACCT_SHARE":  {"0", "2", "1/0", "x"},
		"MEMACCT_POLICY": {"panic", "overrun:", "overrun:5"},
		"MEMACCT_MODE":   {"on"},
	} {
		for _, text := range bad {
			t.Run(name+"="+text, func(t *testing.T) {
				t.Setenv(name, text)
				_, err := ConfigFromEnv()
				require.ErrorContains(t, err, name+"="+text)
				require.ErrorContains(t, err, "for example "+name+"=")
			})
		}
	}
	t.Setenv("MEMACCT_LIMIT", "800MiB")
	t.Setenv("MEMACCT_SHARE", "1/4")
	_, err := ConfigFromEnv()
	require.ErrorContains(t, err, "MEMACCT_SHARE")
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
	n, from := processLimit()
	require.Positive(t, n)
	require.NotEmpty(t, from)
}
