package debugpage

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// linesOf are the lines of a snapshot as text, by their first word.
func linesOf(s *Snapshot) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(s.text()) {
		first, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[first] += strings.Join(strings.Fields(rest), " ")
	}
	return all
}

// Where the limit is from stands beside the amount that it is of: the process's, or that of content alone.
func TestWhereALimitIsFrom(t *testing.T) {
	s := &Snapshot{Limit: 10 << 20, Source: "given"}
	require.Equal(t, "10.0 MiB of content (given); the process is not limited", linesOf(s)["limit"])
	s.ProcessLimit, s.Source, s.Beside = 64<<20, "GOMEMLIMIT", "no cgroup limit"
	require.Equal(t, "10.0 MiB of content; the process may use 64.0 MiB (GOMEMLIMIT; no cgroup limit)", linesOf(s)["limit"])
}

// A figure that this system can't tell is unknown, and not 0.
func TestWhatIsUnknownIsSaidSo(t *testing.T) {
	s := &Snapshot{}
	lines := linesOf(s)
	require.Equal(t, "resident unknown, Go 0 B, outside Go unknown", lines["process"])
	require.Equal(t, "0 cycles, processors unknown, at its limit false; size factor unknown", lines["collector"])
	s.Memory = Memory{RSS: 3 << 20, Go: 2 << 20, Outside: 1 << 20, GCCPU: 0.125, SizeFactor: 1.5, Cycles: 7, GCLimited: true}
	lines = linesOf(s)
	require.Equal(t, "resident 3.0 MiB, Go 2.0 MiB, outside Go 1.0 MiB", lines["process"])
	require.Equal(t, "7 cycles, processors 12.5%, at its limit true; size factor 1.50", lines["collector"])
}

// Batches tell only the causes that they had, and a queue without any has none.
func TestBatchesInWords(t *testing.T) {
	require.Equal(t, "none", Batches{}.String())
	require.Equal(t, "12 of 400.0: size 10, pressure 2", Batches{Size: 10, Pressure: 2, Units: 4800}.String())
	require.Equal(t, "6 of 1.0: size 1, bytes 1, end 1, awaited 1, linger 1, pressure 1", Batches{1, 1, 1, 1, 1, 1, 6}.String())
}

func TestRowsOfTables(t *testing.T) {
	s := &Snapshot{
		Accounts: []Account{{Name: "rpm", Used: 5 << 20, Named: 3 << 20, Holds: []Hold{{"index", 2 << 20}}}, {Name: "deb", Named: 7}},
		Queues: []Queue{
			{Account: "rpm", Name: "units", Gate: true, Queued: 3, Slots: 10, Waited: 1.25, Growth: 1.5},
			{Account: "rpm", Name: "save", Batches: Batches{Size: 1, Units: 5}},
		},
		Events: []Event{
			{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: memacct.EventStall, Account: "rpm", Queue: "units", Text: "nothing moved\n  a table"},
			{Kind: memacct.EventLimit, Text: "the limit changed"},
		},
	}
	text := s.text()
	require.Contains(t, text, "3.0 MiB (index 2.0 MiB)")
	require.Regexp(t, `(?m)^deb .* 7 B `, text, "a charge without a hold has no name")
	require.Regexp(t, `(?m)^rpm/units +gate +3 of 10 .* 1\.2s .* 1\.50x +none$`, text)
	require.Regexp(t, `(?m)^rpm/save +queue +0 of 0 .* - +1 of 5\.0: size 1$`, text)
	require.Regexp(t, `(?m)^03:04:05 +stall +rpm/units +nothing moved \(more with \?format=report, or in the log\)$`, text)
	require.Regexp(t, `(?m) limit +the limit changed$`, text)
	require.NotContains(t, text, "a table")
	require.NotContains(t, (&Snapshot{}).text(), "ACCOUNT", "an empty table has no head either")
}

// JSON has no infinity, and a page must not fail for one.
func TestNumbersThatJSONCannotHave(t *testing.T) {
	require.Equal(t, 1.5, finite(1.5))
	require.Equal(t, math.MaxFloat64, finite(math.Inf(1)))
	require.Equal(t, -math.MaxFloat64, finite(math.Inf(-1)))
	require.False(t, math.IsNaN(finite(math.NaN())))
}
