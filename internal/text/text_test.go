package text

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAScreenIsAsWideAsItIs(t *testing.T) {
	var s Screen
	long := strings.Repeat("x", Width+20)
	s.Say("%s", strings.Repeat("word ", 50)+long+" end")
	for _, l := range s.Lines {
		require.True(t, len(l) <= Width || strings.Contains(l, long), l)
	}
	require.Equal(t, strings.Fields(strings.Repeat("word ", 50)+long+" end"), strings.Fields(s.String()), "nothing is lost")
	for _, l := range s.Lines[1:] {
		require.True(t, strings.HasPrefix(l, "  "), "what goes on is set in: %q", l)
	}

	s = Screen{}
	s.Say("")
	s.Table(2, "queues", [][]string{{"a", "b"}, {"long", "c"}, {"d", "e"}})
	require.Equal(t, "\na     b\nlong  c\n... and 1 more queues", s.String())

	s = Screen{Lines: []string{strings.Repeat("\u00e9", mostReport)}}
	require.LessOrEqual(t, len(s.String()), mostReport+len("\n..."))
	require.True(t, strings.HasSuffix(s.String(), "\u00e9\n..."), "no rune is cut")
}

func TestTables(t *testing.T) {
	rows := [][]string{{"name", "n"}, {"x", "100"}}
	require.Equal(t, []string{"name  n", "x     100"}, Table(rows, Left))
	require.Equal(t, []string{"  name    n", "     x  100"}, Table(rows, Right))
	require.Empty(t, Table(nil, Left))
}

func TestWords(t *testing.T) {
	require.Equal(t, "1 unit", Count(1, "unit"))
	require.Equal(t, "0 units", Count(int64(0), "unit"))
	for want, d := range map[string]time.Duration{
		"12ms": 12345 * time.Microsecond, "12s": 12345 * time.Millisecond, "2m": 2 * time.Minute, "2m5s": 125 * time.Second, "1h0m": time.Hour,
	} {
		require.Equal(t, want, About(d))
	}
	require.Equal(t, []string{"a bb", "ccccc", "d"}, Wrap(" a  bb ccccc\nd", 4))
	require.Equal(t, []string{""}, Wrap("", 4))
	require.Equal(t, "a?b?c?[0m \u00e9", Printable("a\nb\u202ec\x1b[0m \u00e9", '?'))
}
