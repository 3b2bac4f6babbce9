package record

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// squeezed is a record of these samples as text, with its blanks squeezed.
func squeezed(t *testing.T, last int, samples ...Sample) string {
	t.Helper()
	var out strings.Builder
	r := &Record{Samples: samples}
	require.NoError(t, r.Print(&out, last))
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// What is in no queue may be what the memory went into: it is printed for each account that has some.
func TestChargesByNameArePrinted(t *testing.T) {
	text := squeezed(t, 5, Sample{Accounts: []Account{{Name: "rpm", Named: 3 << 20}, {Name: "deb"}, {Name: "npm", Named: 5}}})
	require.Contains(t, text, "charged by name rpm: 3.0 MiB")
	require.Contains(t, text, "charged by name npm: 5 B")
	require.NotContains(t, text, "deb")
}

// Only the last samples are printed, and what the kernel did not tell is a question mark.
func TestTheLastSamplesArePrinted(t *testing.T) {
	var all []Sample
	for i := range 5 {
		all = append(all, Sample{At: time.Unix(int64(i), 0), Limit: int64(i+1) << 20, RSS: int64(i%2) << 20})
	}
	text := squeezed(t, 2, all...)
	require.NotContains(t, text, "3.0 MiB 0 B")
	require.Regexp(t, `4\.0 MiB 0 B 0 B 0 B 0 B 0 B 1\.0 MiB 0`, text)
	require.Regexp(t, `5\.0 MiB 0 B 0 B 0 B 0 B 0 B \? 0`, text)
	require.NotContains(t, squeezed(t, 0, all...), "5.0 MiB 0 B")
	require.NotContains(t, squeezed(t, -1, all...), "5.0 MiB 0 B")
}

// Stages come with the largest first, gates are marked, and what did not fit is counted.
func TestStagesArePrinted(t *testing.T) {
	text := squeezed(t, 1, Sample{LeftOut: 2, Stages: []Stage{
		{Account: "rpm", Queue: "save", Type: "*rpm.Package", InHand: 2, InHandBytes: 10, Batches: 4, BatchUnits: 10},
		{Account: "rpm", Queue: "units", Type: "*rpm.Package", Gate: true, Queued: 3, QueuedBytes: 1000, Waiters: 1, WaiterBytes: 7, Waited: 1500 * time.Millisecond},
		{Account: "deb", Queue: "units", Type: "*deb.Package", Gate: true, Queued: 1, QueuedBytes: 500},
	}})
	require.Contains(t, text, "rpm/units (gate) 3 1000 B 0 0 B 1 7 B 1.5s -")
	require.Contains(t, text, "rpm/save 0 0 B 2 10 B 0 0 B 0s 2.5")
	require.Contains(t, text, "and 2 smaller ones")
	require.Contains(t, text, "*rpm.Package 5 1010 B")
	require.Less(t, strings.Index(text, "rpm/units"), strings.Index(text, "deb/units"))
	require.Less(t, strings.Index(text, "deb/units"), strings.Index(text, "rpm/save"))
	require.NotContains(t, squeezed(t, 1, Sample{}), "by stage", "there was no gate yet")
}

// A sample has room for so many accounts and stages: the ones with the most bytes stay, those that wait included.
func TestTheSmallestAreLeftOut(t *testing.T) {
	var s Sample
	for i := range maxStages + 3 {
		s.Accounts = append(s.Accounts, Account{Name: fmt.Sprint(i), Used: int64(i)})
		s.Stages = append(s.Stages, Stage{Queue: fmt.Sprint(i), QueuedBytes: int64(i)})
	}
	s.Accounts[0].Waiting = 1 << 20
	s.Stages[1].WaiterBytes = 1 << 20
	s.trim()
	require.EqualValues(t, 6, s.LeftOut)
	require.Len(t, s.Accounts, maxStages)
	require.Len(t, s.Stages, maxStages)
	require.Equal(t, "0", s.Accounts[0].Name)
	require.Equal(t, "1", s.Stages[0].Queue)
	for _, a := range s.Accounts[1:] {
		require.GreaterOrEqual(t, a.Used, int64(4))
	}
	for _, q := range s.Stages[1:] {
		require.GreaterOrEqual(t, q.QueuedBytes, int64(3))
	}
	before := s
	s.trim()
	require.Equal(t, before, s, "there is room for all that is left")
}
