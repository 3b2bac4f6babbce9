package main

import (
	"context"
	"maps"
	"slices"

	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct"
)

// The verdicts. A run that failed is failed, whatever its memory did: it proves nothing about the limit.
const (
	verdictHeld   = "held"
	verdictBroken = "broken"
	verdictFailed = "failed"
)

// schema names the layout of result as JSON. Keys are added under the same name; a changed meaning changes it.
const schema = "syncbench/v1"

// result is a run in figures. Amounts are bytes; null is what this system can't tell.
type result struct {
	Schema         string             `json:"schema"`
	Verdict        string             `json:"verdict"`
	Error          string             `json:"error,omitempty"`
	ForMemory      bool               `json:"failed_for_memory,omitempty"` // the limit is too small, and nothing else is wrong
	Note           string             `json:"note,omitempty"`              // what could not be measured here
	Source         string             `json:"source"`
	Mode           string             `json:"mode"`
	Units          int64              `json:"units"`
	Known          int64              `json:"known"`
	Saved          int64              `json:"saved"`
	Seconds        float64            `json:"seconds"`
	Whole          *wholeSync         `json:"sync,omitempty"`   // with --policy
	Beside         []besideSync       `json:"beside,omitempty"` // the syncs of --beside; units, speed, gate and batches are of the first alone
	UnitsPerSecond float64            `json:"units_per_second"`
	Limit          int64              `json:"limit_bytes"`
	LimitFrom      string             `json:"limit_from"`
	Limits         []limitChange      `json:"limits"`  // in force, one after the other
	Closest        *moment            `json:"closest"` // to the limit in force then, or furthest past it: what is judged
	PeakRSSAnon    *int64             `json:"peak_rss_anon_bytes"`
	PeakSwap       *int64             `json:"peak_swap_bytes"` // of the process's memory, on disk
	PeakRSSFile    *int64             `json:"peak_rss_file_bytes"`
	PeakGo         int64              `json:"peak_go_bytes"` // of what GOMEMLIMIT bounds
	PeakCgroup     *int64             `json:"peak_cgroup_bytes"`
	OOMKills       *int64             `json:"oom_kills"`
	WaitedSome     *float64           `json:"memory_pressure_some_seconds"` // of the cgroup, while the work ran: some task waited for memory
	WaitedFull     *float64           `json:"memory_pressure_full_seconds"` // and nothing else went on
	CgroupFailcnt  *int64             `json:"cgroup_failcnt"`               // how often the cgroup's limit was met, and something reclaimed or killed
	Content        int64              `json:"content_budget_bytes"`         // at the end
	ContentAtPeak  int64              `json:"content_budget_at_peak_bytes"`
	AccountedPeak  int64              `json:"accounted_peak_bytes"`
	GateWaits      int64              `json:"gate_waits"`
	GateWait       float64            `json:"gate_wait_seconds"`
	Batches        batches            `json:"batches"`
	MeanBatch      float64            `json:"mean_batch"`
	Stages         map[string]batches `json:"stage_batches"`
	StageOrder     []string           `json:"stage_order"`           // in which units pass them
	CPU            float64            `json:"cpu_seconds,omitempty"` // user and system time of the process, where another one measures it
	GCCPU          float64            `json:"gc_cpu_ratio"`          // the part of the Go program's processor time that collecting garbage took
	GCLimited      bool               `json:"gc_limited"`
	GCLimiterCycle uint64             `json:"gc_limiter_cycle"` // the last collection in which the collector gave up on the limit; 0 is never
	// What the units weighed at the gate; of a run in mode bytes, for no other weighs them.
	Kinds    map[string]*kindSizes `json:"kinds,omitempty"`
	Sizes    []sizeStep            `json:"unit_sizes,omitempty"`
	Heaviest []heavy               `json:"heaviest_units,omitempty"`
	Baseline *against              `json:"baseline,omitempty"` // how it stands to --baseline
	Env      map[string]string     `json:"env"`

	ran         bool // the sync began: there are figures to show
	interrupted bool
	err         error
}

// batches are counts by cause, and the mean size in units.
type batches struct {
	Size     int64   `json:"size"`
	Bytes    int64   `json:"bytes"`
	Pressure int64   `json:"pressure"`
	End      int64   `json:"end"`
	Awaited  int64   `json:"awaited"`
	Mean     float64 `json:"mean"`
}

func newBatches(s memacct.BatchStats) batches {
	return batches{Size: s.Size, Bytes: s.Bytes, Pressure: s.Pressure, End: s.End, Awaited: s.Awaited, Mean: s.Mean()}
}

// newFailure is the result of a run that did not begin. It is interrupted if ctx is, and else failed.
func newFailure(ctx context.Context, o *options, err error) *result {
	r := &result{
		Schema: schema, Source: o.sourceName(), Mode: o.mode, Limit: o.limitN, LimitFrom: o.limitFrom, Limits: []limitChange{{0, o.limitN, o.limitFrom}},
		Stages: map[string]batches{}, Env: environment(), err: err, interrupted: err != nil && ctx.Err() != nil,
	}
	for _, b := range o.besides {
		r.Beside = append(r.Beside, besideSync{Source: b.sourceName()})
	}
	r.judge()
	return r
}

// newResult judges a run.
func newResult(ctx context.Context, w *work, peak peaks, err error) *result {
	r := newFailure(ctx, w.o, err)
	r.ran = true
	s := w.syncs[0]
	r.Units, r.Known, r.Saved, r.Seconds = s.counts()
	r.Whole = s.published()
	for i, s := range w.syncs[1:] {
		b := &r.Beside[i]
		b.Units, b.Known, b.Saved, b.Seconds = s.counts()
	}
	r.UnitsPerSecond = float64(r.Units) / max(r.Seconds, 1e-9)
	r.GCLimiterCycle = procmem.ReadGo().Limiter
	r.GCLimited = r.GCLimiterCycle > 0
	r.GCCPU = procmem.GCPart()
	if b := s.account.Budget(); b != nil {
		all := b.Stats()
		r.Content, r.AccountedPeak, r.ContentAtPeak = all.Limit, all.Peak, all.PeakLimit
	}
	w.sizes.addTo(r)
	r.addQueues(s.rep.Queues)
	r.addMemory(peak)
	r.judge()
	return r
}

// addQueues sums the queues' counts up. A queue is named after the stage that takes from it.
func (r *result) addQueues(queues []memacct.QueueStats) {
	var all memacct.BatchStats
	for _, q := range queues {
		all = all.Add(q.Batches)
		r.Stages[q.Name], r.StageOrder = newBatches(q.Batches), append(r.StageOrder, q.Name)
	}
	r.Batches, r.MeanBatch = newBatches(all), all.Mean()
	if len(queues) > 0 {
		r.GateWaits, r.GateWait = queues[0].Waits, queues[0].Waited.Seconds()
	}
}

// stageNames are the stages that have batches to tell of, in the order in which units pass them. Those of a file that does
// not say in which stand behind, by name.
func (r *result) stageNames() []string {
	left := maps.Clone(r.Stages)
	var all []string
	for _, name := range r.StageOrder {
		if _, ok := left[name]; ok {
			all = append(all, name)
			delete(left, name)
		}
	}
	return append(all, slices.Sorted(maps.Keys(left))...)
}

// addMemory notes what the runtime and the kernel say of the process, and of its cgroup.
func (r *result) addMemory(peak peaks) {
	r.PeakGo = peak.Go
	if peak.Err != nil {
		r.Note = "the verdict rests on the Go runtime's own figure: " + peak.Err.Error()
		return
	}
	r.PeakRSSAnon, r.PeakRSSFile, r.PeakSwap = &peak.RSSAnon, &peak.RSSFile, &peak.Swap
	r.Closest, r.Limits = peak.closest, peak.limits
	if p := peak.waited; p != nil {
		some, full := p.Some.Seconds(), p.Full.Seconds()
		r.WaitedSome, r.WaitedFull = &some, &full
	}
	group, err := procmem.OwnCgroup()
	if err != nil {
		return
	}
	defer group.Close()
	if limit, err := group.Limit(); err != nil || limit == procmem.NoLimit {
		return // a group without a limit says nothing about this process alone
	}
	if n, err := group.Peak(); err == nil {
		r.PeakCgroup = &n
	}
	if n, err := group.OOMKills(); err == nil {
		r.OOMKills = &n
	}
	if n, err := group.Failcnt(); err == nil {
		r.CgroupFailcnt = &n
	}
}

// peak is what is held against the limit: resident anonymous memory, and where that can't be read what the Go
// runtime has mapped.
func (r *result) peak() int64 {
	if r.PeakRSSAnon != nil {
		return *r.PeakRSSAnon
	}
	return r.PeakGo
}

// over is by how many bytes the limit was broken, at the worst moment; 0 or less is how far the process stayed under it.
func (r *result) over() int64 {
	if r.Closest != nil {
		return r.Closest.Used - r.Closest.Limit
	}
	return r.peak() - r.Limit
}

// judge says what the run has shown.
func (r *result) judge() {
	switch {
	case r.err != nil:
		r.Verdict, r.Error, r.ForMemory = verdictFailed, r.err.Error(), forMemory(r.err)
		if r.interrupted {
			r.Error, r.ForMemory = "interrupted", false // the error is whatever noticed it first
		}
	case r.over() > 0, r.OOMKills != nil && *r.OOMKills > 0:
		r.Verdict = verdictBroken
	default:
		r.Verdict = verdictHeld
	}
}

// exitCode is the verdict as a number.
func (r *result) exitCode() int {
	switch {
	case r.interrupted:
		return exitInterrupted
	case r.Verdict == verdictFailed:
		return exitFailed
	case r.Verdict == verdictBroken:
		return exitBroken
	}
	return exitHeld
}
