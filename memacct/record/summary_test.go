package record

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct"
)

const mib = 1 << 20

// ends is a record that ended so, with the same sample a few times.
func ends(how Ended, s Sample) *Record {
	s.Process, s.Limit, s.Source = 64*mib, 30*mib, "cgroup"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	r := &Record{Path: "sync.memrec", Ended: how, Command: "mirror", PID: 7, Host: "h", GoVersion: "go1.26", Started: at, Opened: at, Every: time.Second}
	for range 4 {
		at = at.Add(time.Second)
		s.At, r.Last = at, at
		r.Samples = append(r.Samples, s)
	}
	return r
}

func TestSummaryNamesTheLargestHolder(t *testing.T) {
	for _, c := range []struct {
		how  Ended
		s    Sample
		says []string
	}{
		{
			Killed,
			Sample{RSS: 61 * mib, Go: 58 * mib, Outside: 3 * mib, Live: 57 * mib, Used: 20 * mib, Baseline: 2 * mib, Pinned: 35 * mib},
			[]string{"61.0 MiB of 64.0 MiB were resident", "35.0 MiB pinned outside the queues, 20.0 MiB accounted", "the first stage keeps it, or there is a leak"},
		},
		{
			Killed,
			Sample{RSS: 60 * mib, Live: 50 * mib, Used: 45 * mib, Stages: []Stage{{Account: "a", Queue: "small", QueuedBytes: 1}, {Account: "a", Queue: "save", InHandBytes: 44 * mib}}},
			[]string{"most is content in flight", "a/save has 44.0 MiB of it"},
		},
		{Killed, Sample{RSS: 60 * mib, Live: 50 * mib, Waiting: 45 * mib, Pinned: 46 * mib}, []string{"Reserve before it reads"}},
		{Killed, Sample{RSS: 60 * mib, Live: 50 * mib, Baseline: 45 * mib}, []string{"before the budget was opened"}},
		{Killed, Sample{RSS: 60 * mib, Live: 5 * mib, Outside: 45 * mib}, []string{"Go does not know of"}},
		{Killed, Sample{RSS: 60 * mib, Live: 5 * mib}, []string{"set GOMEMLIMIT"}},
		{Killed, Sample{RSS: 20 * mib, Live: 5 * mib}, []string{"There was room. If the kernel", "within 1s"}},
		{Clean, Sample{Go: 20 * mib, Live: 5 * mib}, []string{"20.0 MiB of 64.0 MiB", "There was room."}},
	} {
		r := ends(c.how, c.s)
		for _, want := range c.says {
			require.Contains(t, r.Summary(), want)
		}
	}
	growing := ends(Killed, Sample{RSS: 50 * mib, Live: 5 * mib})
	growing.Samples[1].RSS = 30 * mib
	require.Contains(t, growing.Summary(), "50.0 MiB of 64.0 MiB were resident, and rising fast")
	require.Contains(t, growing.Summary(), "set GOMEMLIMIT", "it need not have been full when it was sampled last")
	require.Contains(t, new(Record).Summary(), "no sample")
}

// Content that came and went while the collector marked is in one sample, not in all.
func TestPinnedIsWhatStays(t *testing.T) {
	r := ends(Killed, Sample{RSS: 60 * mib, Live: 40 * mib, Used: 38 * mib})
	r.Samples[3].Used = 0
	require.EqualValues(t, 2*mib, r.pinned())
}

const printed = `record   sync.memrec: 4 samples, 1 event, over 4s
process  mirror, pid 7 on h, go1.26, started 2026-01-02 03:04:05
limit    64.0 MiB for the process (cgroup); at the end 30.0 MiB of it for content
last     2026-01-02 03:04:09.000
ended    without closing the record: the process was killed, or crashed

last decisions
  03:04:09.000  overrun  sync/save: a unit was admitted past the limit (3.0 MiB)

last samples (bytes)
          time  content limit  accounted  waiting      live    pinned        Go       RSS  GCs
  03:04:08.000       30.0 MiB   20.0 MiB      0 B  57.0 MiB  35.0 MiB  58.0 MiB  61.0 MiB    0
  03:04:09.000       30.0 MiB   20.0 MiB      0 B  57.0 MiB  35.0 MiB  58.0 MiB  61.0 MiB    0

by stage, at the last sample
  stage                    queued  bytes    in hand  bytes     waiting  bytes  waited  mean batch
  sync/sa?[31mve           0       0 B      2        18.0 MiB  0        0 B    0s      2.5
  sync/first stage (gate)  4       2.0 MiB  0        0 B       1        0 B    2s      -

by type of unit, at the last sample
  type  units  bytes
  *pkg  6      20.0 MiB

summary
  At the last sample 61.0 MiB of 64.0 MiB were resident: 35.0 MiB pinned outside the queues, 20.0
  MiB accounted, 3.0 MiB outside Go, 2.0 MiB there from the start, 1.0 MiB not collected yet. It
  looks like this: most is pinned outside the queues: the first stage keeps it, or there is a leak.
`

func TestPrint(t *testing.T) {
	r := ends(Killed, Sample{
		RSS: 61 * mib, Go: 58 * mib, Outside: 3 * mib, Live: 57 * mib, Used: 20 * mib, Baseline: 2 * mib, Pinned: 35 * mib,
		Stages: []Stage{
			{Account: "sync", Queue: "first stage", Type: "*pkg", Gate: true, Queued: 4, QueuedBytes: 2 * mib, Waiters: 1, Waited: 2 * time.Second},
			{Account: "sync", Queue: "sa\x1b[31mve", Type: "*pkg", InHand: 2, InHandBytes: 18 * mib, Batches: 2, BatchUnits: 5},
		},
	})
	r.Events = []Event{{At: r.Last, Kind: memacct.EventOverrun, Account: "sync", Queue: "save", Bytes: 3 * mib, Text: "a unit was admitted past the limit"}}
	var out strings.Builder
	require.NoError(t, r.Print(&out, 2))
	require.Equal(t, printed, out.String())
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, len(strings.TrimSpace(line)), text.Width)
	}
}
