package debugpage

import (
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// Schema is the version of the keys of a [Snapshot]. Keys may be added to a version, but none is changed or
// taken away.
const Schema = "memacct/v1"

// Snapshot is what ?format=json answers: a budget at one moment. Keys that end in _bytes are bytes, in _seconds
// seconds, in _total counts since the account was opened. [memacct.Stats] says what each figure means.
type Snapshot struct {
	Schema  string    `json:"schema"`
	At      time.Time `json:"at"`
	Program string    `json:"program"` // the executable's name
	PID     int       `json:"pid"`
	Mode    string    `json:"mode"` // enforce, shadow or off

	Limit        int64   `json:"limit_bytes"`         // of content
	ProcessLimit int64   `json:"process_limit_bytes"` // 0: only content is limited
	Source       string  `json:"limit_source"`        // where the limit is from, in words
	Beside       string  `json:"limit_beside"`        // what else was looked at and did not decide
	Used         int64   `json:"used_bytes"`
	Peak         int64   `json:"used_peak_bytes"`
	PeakLimit    int64   `json:"used_peak_limit_bytes"` // what the limit was then
	Waiting      int64   `json:"waiting_bytes"`
	Debt         int64   `json:"debt_bytes"`
	Units        int     `json:"units"`
	WaitingPuts  int     `json:"waiting_puts"`
	Still        float64 `json:"stalled_seconds"` // a stall: nothing moved for so long; 0 is none
	Pressure     bool    `json:"pressure"`
	Overruns     int64   `json:"overruns_total"`
	Refused      int64   `json:"refused_total"`
	WouldWait    int64   `json:"would_wait_total"` // in shadow mode
	Misuse       int64   `json:"misuse_total"`

	Warnings []string  `json:"warnings"` // in words, with what to do
	Memory   Memory    `json:"memory"`
	Accounts []Account `json:"accounts"`
	Queues   []Queue   `json:"queues"`
	Events   []Event   `json:"events"` // the latest, oldest first
}

// Memory is what the runtime and the kernel say of the whole process.
type Memory struct {
	Live       int64   `json:"live_bytes"`
	Baseline   int64   `json:"baseline_bytes"`
	Pinned     int64   `json:"pinned_bytes"` // an estimate
	Go         int64   `json:"go_bytes"`
	RSS        int64   `json:"rss_anon_bytes"` // 0: unknown
	Outside    int64   `json:"outside_bytes"`
	Refilled   int64   `json:"refilled_bytes"` // of RSS, what huge pages brought back
	Cycles     int64   `json:"gc_cycles_total"`
	GCCPU      float64 `json:"gc_cpu_ratio"` // from 0 to 1; 0: unknown
	GCLimited  bool    `json:"gc_limited"`
	Thrashing  bool    `json:"thrashing"`
	SizeFactor float64 `json:"size_factor"` // 0: unknown
}

// Account is one account.
type Account struct {
	Name    string  `json:"name"`
	Used    int64   `json:"used_bytes"`
	Peak    int64   `json:"used_peak_bytes"`
	Waiting int64   `json:"waiting_bytes"`
	Named   int64   `json:"named_bytes"`
	Holds   []Hold  `json:"holds"` // of what is charged by name, the holds that have something
	Floor   int64   `json:"floor_bytes"`
	Weight  float64 `json:"weight"`
	Growth  float64 `json:"growth_ratio"` // 0: not learned
	Units   int     `json:"units"`
}

// Queue is one gate or queue.
type Queue struct {
	Account      string  `json:"account"`
	Name         string  `json:"name"`
	Type         string  `json:"type"` // of its units, in Go
	Gate         bool    `json:"gate"`
	Slots        int     `json:"slots"`
	Queued       int     `json:"queued_units"`
	QueuedBytes  int64   `json:"queued_bytes"`
	InHand       int     `json:"in_hand_units"`
	InHandBytes  int64   `json:"in_hand_bytes"`
	Parked       int     `json:"parked_units"`
	WaitingPuts  int     `json:"waiting_puts"`
	WaitingBytes int64   `json:"waiting_bytes"`
	Units        int64   `json:"units_total"`
	Waits        int64   `json:"waits_total"`
	Waited       float64 `json:"waited_seconds_total"`
	Growth       float64 `json:"growth_ratio"` // of units since the gate; 0: not measured again
	Batches      Batches `json:"batches"`
}

// Batches count batches by the cause of their release.
type Batches struct {
	Size     int64 `json:"size"`
	Bytes    int64 `json:"bytes"`
	End      int64 `json:"end"`
	Awaited  int64 `json:"awaited"`
	Linger   int64 `json:"linger"`
	Pressure int64 `json:"pressure"`
	Units    int64 `json:"units"` // in all of them
}

// Event is one of the latest events.
type Event struct {
	At      time.Time         `json:"at"`
	Kind    memacct.EventKind `json:"kind"`
	Account string            `json:"account,omitempty"`
	Queue   string            `json:"queue,omitempty"`
	Bytes   int64             `json:"bytes,omitempty"`
	More    int64             `json:"more,omitempty"` // alike that were not told
	Text    string            `json:"text"`
}

func (h *handler) snapshot() *Snapshot { return snapshotOf(h.budget) }

// Hold is memory that an aggregate keeps, by name.
type Hold struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func holdsOf(a memacct.AccountStats) []Hold {
	all := []Hold{}
	for _, h := range a.Holds {
		all = append(all, Hold(h))
	}
	return all
}

// snapshotOf reads a budget. Lists are empty and not null, so that scripts need not tell the two apart.
func snapshotOf(b *memacct.Budget) *Snapshot {
	s := b.Stats()
	m := s.Memory
	snap := &Snapshot{
		Schema: Schema, At: s.At, Program: program(), PID: os.Getpid(), Mode: s.Mode.String(),
		Limit: s.Limit, ProcessLimit: s.Process, Source: s.Source, Beside: s.Beside,
		Used: s.Used, Peak: s.Peak, PeakLimit: s.PeakLimit, Waiting: s.Waiting, Debt: s.Debt, Units: s.Units, WaitingPuts: s.Waiters,
		Still: s.Still.Seconds(), Pressure: s.Pressure, Overruns: s.Overruns, Refused: s.Refused, WouldWait: s.WouldWait, Misuse: s.Misuse,
		Warnings: warnings(s),
		Memory: Memory{
			Live: m.Live, Baseline: m.Baseline, Pinned: m.Pinned, Go: m.Go, RSS: m.RSS, Outside: m.Outside, Refilled: m.Refilled, Cycles: m.Cycles,
			GCCPU: finite(m.GCCPU), GCLimited: m.GCLimited, Thrashing: m.Thrashing, SizeFactor: finite(m.SizeFactor),
		},
		Accounts: []Account{}, Queues: []Queue{}, Events: []Event{},
	}
	for _, a := range s.Accounts {
		snap.Accounts = append(snap.Accounts, Account{
			Name: a.Name, Used: a.Used, Peak: a.Peak, Waiting: a.Waiting, Named: a.Named, Holds: holdsOf(a), Floor: a.Floor,
			Weight: finite(a.Weight), Growth: finite(a.Growth), Units: a.Units,
		})
	}
	for _, q := range s.Queues {
		snap.Queues = append(snap.Queues, queueOf(q))
	}
	for _, e := range b.Events() {
		snap.Events = append(snap.Events, Event{e.At, e.Kind, e.Account, e.Queue, e.Bytes, e.More, e.Text})
	}
	return snap
}

func queueOf(q memacct.QueueStats) Queue {
	n := q.Batches
	return Queue{
		Account: q.Account, Name: q.Name, Type: q.Type, Gate: q.Gate, Slots: q.Capacity,
		Queued: q.Queued, QueuedBytes: q.QueuedBytes, InHand: q.InHand, InHandBytes: q.InHandBytes, Parked: q.Parked,
		WaitingPuts: q.Waiters, WaitingBytes: q.WaiterBytes, Units: q.Units, Waits: q.Waits, Waited: q.Waited.Seconds(), Growth: finite(q.Growth),
		Batches: Batches{n.Size, n.Bytes, n.End, n.Awaited, n.Linger, n.Pressure, n.Units},
	}
}

// program is the executable's name without its folder, which is nobody's business.
func program() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Base(name)
}

// finite is f as JSON can have it.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return math.Copysign(math.MaxFloat64, f)
	}
	return f
}
