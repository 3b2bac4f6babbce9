package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// Sample are the figures of a budget and its process at one moment. Amounts are bytes; [memacct.Stats] says
// more of each.
type Sample struct {
	At        time.Time `json:"at"`
	Limit     int64     `json:"limit_bytes"`         // of content
	Process   int64     `json:"process_limit_bytes"` // 0 when only content is limited
	Source    string    `json:"limit_source"`
	Used      int64     `json:"used_bytes"` // accounted
	Waiting   int64     `json:"waiting_bytes"`
	Debt      int64     `json:"debt_bytes"`
	Live      int64     `json:"live_bytes"`
	Baseline  int64     `json:"baseline_bytes"`
	Pinned    int64     `json:"pinned_bytes"`
	Go        int64     `json:"go_bytes"`
	RSS       int64     `json:"rss_anon_bytes"` // 0 where the kernel does not tell
	Outside   int64     `json:"outside_bytes"`
	Cycles    int64     `json:"gc_cycles_total"`
	Units     int64     `json:"units"`
	Waiters   int64     `json:"waiting_puts"`
	Overruns  int64     `json:"overruns_total"`
	Refused   int64     `json:"refused_total"`
	WouldWait int64     `json:"would_wait_total"` // in shadow mode
	Pressure  bool      `json:"pressure"`
	Accounts  []Account `json:"accounts"`
	Stages    []Stage   `json:"stages"`
	LeftOut   int64     `json:"left_out"` // accounts and stages that did not fit; the smallest
}

// Account is one account's part of a [Sample], in bytes.
type Account struct {
	Name    string `json:"name"`
	Used    int64  `json:"used_bytes"`
	Waiting int64  `json:"waiting_bytes"`
	Named   int64  `json:"named_bytes"` // of Used, what is in no queue
	Units   int64  `json:"units"`
}

// Stage is the part of a [Sample] that one gate or queue and the stage behind it have. Amounts are bytes.
type Stage struct {
	Account       string        `json:"account"`
	Queue         string        `json:"queue"`
	Type          string        `json:"type"` // of its units
	Gate          bool          `json:"gate"`
	Queued        int64         `json:"queued_units"`
	QueuedBytes   int64         `json:"queued_bytes"`
	InHand        int64         `json:"in_hand_units"`
	InHandBytes   int64         `json:"in_hand_bytes"`
	Parked        int64         `json:"parked_units"`
	Waiters       int64         `json:"waiting_puts"`
	WaiterBytes   int64         `json:"waiting_bytes"`
	Units         int64         `json:"units_total"` // that went in so far
	Waits         int64         `json:"waits_total"` // puts that slept so far
	Waited        time.Duration `json:"waited_ns"`
	Batches       int64         `json:"batches"`
	BatchUnits    int64         `json:"batch_units_total"`
	PressureBatch int64         `json:"pressure_batches"` // handed on early for want of memory
}

// Bytes is what is accounted there.
func (s Stage) Bytes() int64 { return s.QueuedBytes + s.InHandBytes }

// Event is a [memacct.Event].
type Event struct {
	At      time.Time         `json:"at"`
	Kind    memacct.EventKind `json:"kind"`
	Account string            `json:"account,omitempty"`
	Queue   string            `json:"queue,omitempty"`
	Bytes   int64             `json:"bytes"`
	Text    string            `json:"text"`
}

// The most of each that a record takes, in bytes or elements.
const (
	maxName   = 80
	maxSource = 200
	maxText   = 4 << 10
	maxStages = 48 // and accounts
)

func (s *Sample) code(c *coder) {
	c.ints(&s.Limit, &s.Process, &s.Used, &s.Waiting, &s.Debt)
	c.ints(&s.Live, &s.Baseline, &s.Pinned, &s.Go, &s.RSS, &s.Outside, &s.Cycles)
	c.ints(&s.Units, &s.Waiters, &s.Overruns, &s.Refused, &s.WouldWait, &s.LeftOut)
	c.flag(&s.Pressure)
	c.text(&s.Source, maxSource)
	list(c, &s.Accounts, codeAccount)
	list(c, &s.Stages, codeStage)
}

func codeAccount(c *coder, a *Account) {
	c.text(&a.Name, maxName)
	c.ints(&a.Used, &a.Waiting, &a.Named, &a.Units)
}

func codeStage(c *coder, s *Stage) {
	c.text(&s.Account, maxName)
	c.text(&s.Queue, maxName)
	c.text(&s.Type, maxName)
	c.flag(&s.Gate)
	c.ints(&s.Queued, &s.QueuedBytes, &s.InHand, &s.InHandBytes, &s.Parked, &s.Waiters, &s.WaiterBytes)
	c.ints(&s.Units, &s.Waits, (*int64)(&s.Waited), &s.Batches, &s.BatchUnits, &s.PressureBatch)
}

func (e *Event) code(c *coder) {
	c.text((*string)(&e.Kind), maxName)
	c.text(&e.Account, maxName)
	c.text(&e.Queue, maxName)
	c.ints(&e.Bytes)
	c.text(&e.Text, maxText)
}

// fill makes s the sample of t. It reuses the slices that s has.
func (s *Sample) fill(t *memacct.Stats) {
	m := t.Memory
	*s = Sample{
		At: t.At, Limit: t.Limit, Process: t.Process, Source: t.Source, Used: t.Used, Waiting: t.Waiting, Debt: t.Debt,
		Live: m.Live, Baseline: m.Baseline, Pinned: m.Pinned, Go: m.Go, RSS: m.RSS, Outside: m.Outside, Cycles: m.Cycles,
		Units: int64(t.Units), Waiters: int64(t.Waiters), Overruns: t.Overruns, Refused: t.Refused, WouldWait: t.WouldWait,
		Pressure: t.Pressure, Accounts: s.Accounts[:0], Stages: s.Stages[:0],
	}
	for _, a := range t.Accounts {
		s.Accounts = append(s.Accounts, Account{a.Name, a.Used, a.Waiting, a.Named, int64(a.Units)})
	}
	for i := range t.Queues {
		s.Stages = append(s.Stages, stageOf(&t.Queues[i]))
	}
	s.trim()
}

func stageOf(q *memacct.QueueStats) Stage {
	return Stage{
		Account: q.Account, Queue: q.Name, Type: q.Type, Gate: q.Gate, Queued: int64(q.Queued), QueuedBytes: q.QueuedBytes,
		InHand: int64(q.InHand), InHandBytes: q.InHandBytes, Parked: int64(q.Parked),
		Waiters: int64(q.Waiters), WaiterBytes: q.WaiterBytes, Units: q.Units, Waits: q.Waits, Waited: q.Waited,
		Batches: q.Batches.Total(), BatchUnits: q.Batches.Units, PressureBatch: q.Batches.Pressure,
	}
}

// trim leaves the largest of what a record has room for.
func (s *Sample) trim() {
	if n := len(s.Accounts) - maxStages; n > 0 {
		slices.SortStableFunc(s.Accounts, func(a, b Account) int { return cmp.Compare(b.Used+b.Waiting, a.Used+a.Waiting) })
		s.Accounts, s.LeftOut = s.Accounts[:maxStages], s.LeftOut+int64(n)
	}
	if n := len(s.Stages) - maxStages; n > 0 {
		slices.SortStableFunc(s.Stages, func(a, b Stage) int {
			return cmp.Compare(b.Bytes()+b.WaiterBytes, a.Bytes()+a.WaiterBytes)
		})
		s.Stages, s.LeftOut = s.Stages[:maxStages], s.LeftOut+int64(n)
	}
}

// resident is what the process has in memory, as far as this system tells.
func (s *Sample) resident() int64 { return cmp.Or(s.RSS, s.Go) }
