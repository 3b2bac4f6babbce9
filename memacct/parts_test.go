package memacct

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

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
