package memprom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/syncmem/syncmem/memacct"
)

// metric is one metric and how its value is read from a T.
type metric[T any] struct {
	name, help string
	kind       prometheus.ValueType
	value      func(T) float64
	unknown0   bool // 0 says that nothing is known: no value is better than a false one
}

// The metrics with labels of their own.
const (
	holdBytes    = "memacct_hold_bytes"
	queueInfo    = "memacct_queue_info"
	batchesTotal = "memacct_queue_batches_total"
	eventsTotal  = "memacct_events_total"
)

// number is a type of figure.
type number interface{ ~int | ~int64 | ~float64 }

// gauge is a figure that goes up and down.
func gauge[T any, N number](name, help string, figure func(T) N) metric[T] {
	return metric[T]{name: name, help: help, kind: prometheus.GaugeValue, value: func(from T) float64 { return float64(figure(from)) }}
}

// known is a gauge that is left out while it is 0.
func known[T any, N number](name, help string, figure func(T) N) metric[T] {
	m := gauge(name, help, figure)
	m.unknown0 = true
	return m
}

// counter is a figure that only goes up.
func counter[T any, N number](name, help string, figure func(T) N) metric[T] {
	m := gauge(name, help, figure)
	m.kind = prometheus.CounterValue
	return m
}

// flagged is a gauge of a yes or no.
func flagged[T any](name, help string, is func(T) bool) metric[T] {
	return gauge(name, help, func(from T) int {
		if is(from) {
			return 1
		}
		return 0
	})
}

type (
	budget  = memacct.Stats
	account = memacct.AccountStats
	queue   = memacct.QueueStats
)

var budgetMetrics = []metric[budget]{
	gauge("memacct_limit_bytes", "Bytes of content that may be in flight now.", func(s budget) int64 { return s.Limit }),
	known("memacct_process_limit_bytes", "Bytes that the whole process may use; absent if only content is limited.", func(s budget) int64 { return s.Process }),
	gauge("memacct_used_bytes", "Bytes of content in flight.", func(s budget) int64 { return s.Used }),
	gauge("memacct_used_peak_bytes", "The most bytes of content that were ever in flight.", func(s budget) int64 { return s.Peak }),
	gauge("memacct_used_peak_limit_bytes", "Bytes of content that could be in flight when the most were.", func(s budget) int64 { return s.PeakLimit }),
	gauge("memacct_units", "Units in flight.", func(s budget) int { return s.Units }),
	gauge("memacct_waiting_bytes", "Bytes of the units whose puts wait at a gate.", func(s budget) int64 { return s.Waiting }),
	gauge("memacct_waiting_puts", "Puts that wait at a gate.", func(s budget) int { return s.Waiters }),
	gauge("memacct_debt_bytes", "Bytes in flight past the limit.", func(s budget) int64 { return s.Debt }),
	gauge("memacct_stalled_seconds", "How long nothing has moved though units are in flight or puts wait; 0 up to the time after which that is reported.", func(s budget) float64 { return s.Still.Seconds() }),
	flagged("memacct_pressure", "1 while a gate has a waiter or there is debt, else 0.", func(s budget) bool { return s.Pressure }),
	counter("memacct_overruns_total", "Units admitted past the limit by the policy.", func(s budget) int64 { return s.Overruns }),
	counter("memacct_refused_total", "Puts refused because their unit could not fit.", func(s budget) int64 { return s.Refused }),
	counter("memacct_shadow_waits_total", "Puts that would have waited, had the mode been enforce instead of shadow.", func(s budget) int64 { return s.WouldWait }),
	counter("memacct_misuse_total", "Leases that were ended twice, or lost.", func(s budget) int64 { return s.Misuse }),

	gauge("memacct_live_heap_bytes", "Heap that the last garbage collection found alive.", func(s budget) int64 { return s.Memory.Live }),
	gauge("memacct_baseline_bytes", "Live heap when the budget was opened.", func(s budget) int64 { return s.Memory.Baseline }),
	gauge("memacct_pinned_bytes", "Live heap that is neither content nor baseline, an estimate over the last collections.", func(s budget) int64 { return s.Memory.Pinned }),
	gauge("memacct_go_bytes", "Memory that GOMEMLIMIT bounds: heap, stacks and the runtime's own.", func(s budget) int64 { return s.Memory.Go }),
	known("memacct_rss_anon_bytes", "Resident anonymous memory; absent where the kernel does not tell.", func(s budget) int64 { return s.Memory.RSS }),
	gauge("memacct_outside_bytes", "Resident memory that Go does not know of; 0 where the kernel does not tell.", func(s budget) int64 { return s.Memory.Outside }),
	gauge("memacct_refilled_bytes", "Memory of the heap that Go gave back and that huge pages made resident again.", func(s budget) int64 { return s.Memory.Refilled }),
	known("memacct_gc_cpu_ratio", "Part of the processors' time that the garbage collector took of late; absent if unknown.", func(s budget) float64 { return s.Memory.GCCPU }),
	flagged("memacct_gc_limited", "1 if the limit is held only because the garbage collector runs as much as it may, else 0.", func(s budget) bool { return s.Memory.GCLimited }),
	known("memacct_size_factor", "Bytes of live heap that come with an accounted byte: above 1, sizes under-report; absent if unknown.", func(s budget) float64 { return s.Memory.SizeFactor }),
}

var accountMetrics = []metric[account]{
	gauge("memacct_account_used_bytes", "Bytes of an account's content in flight.", func(a account) int64 { return a.Used }),
	gauge("memacct_account_used_peak_bytes", "The most bytes of an account's content that were ever in flight.", func(a account) int64 { return a.Peak }),
	gauge("memacct_account_waiting_bytes", "Bytes of the units whose puts wait at an account's gates.", func(a account) int64 { return a.Waiting }),
	gauge("memacct_account_named_bytes", "Bytes in use that are charged by name and are in no queue.", func(a account) int64 { return a.Named }),
	gauge("memacct_account_floor_bytes", "Bytes of the budget that other accounts can't take.", func(a account) int64 { return a.Floor }),
	gauge("memacct_account_units", "Units of an account in flight.", func(a account) int { return a.Units }),
	known("memacct_account_growth_ratio", "What units are expected to weigh at most over what they weigh at the gate; absent if it is not learned.", func(a account) float64 { return a.Growth }),
}

var queueMetrics = []metric[queue]{
	gauge("memacct_queue_slots", "Units that a queue has room for.", func(q queue) int { return q.Capacity }),
	gauge("memacct_queue_queued_units", "Units in a queue.", func(q queue) int { return q.Queued }),
	gauge("memacct_queue_queued_bytes", "Bytes of the units in a queue.", func(q queue) int64 { return q.QueuedBytes }),
	gauge("memacct_queue_in_hand_units", "Units that a queue's consumers work on.", func(q queue) int { return q.InHand }),
	gauge("memacct_queue_in_hand_bytes", "Bytes of the units that a queue's consumers work on.", func(q queue) int64 { return q.InHandBytes }),
	gauge("memacct_queue_parked_units", "Units in hand that wait for another unit.", func(q queue) int { return q.Parked }),
	gauge("memacct_queue_waiting_puts", "Puts that wait, for memory or a slot.", func(q queue) int { return q.Waiters }),
	gauge("memacct_queue_waiting_bytes", "Bytes of the units whose puts wait.", func(q queue) int64 { return q.WaiterBytes }),
	counter("memacct_queue_units_total", "Units that went into a queue.", func(q queue) int64 { return q.Units }),
	counter("memacct_queue_waits_total", "Puts that slept, for memory or a slot.", func(q queue) int64 { return q.Waits }),
	counter("memacct_queue_wait_seconds_total", "Time that puts slept, for memory or a slot, those that still sleep included.", func(q queue) float64 { return q.Waited.Seconds() }),
	known("memacct_queue_growth_ratio", "What units weighed in a queue at most, of late, over what they weighed at the gate; absent if none was measured again.", func(q queue) float64 { return q.Growth }),
	counter("memacct_queue_batch_units_total", "Units in all batches that a queue handed on.", func(q queue) int64 { return q.Batches.Units }),
}

// causes are what ends a batch.
var causes = []struct {
	name string
	of   func(memacct.BatchStats) int64
}{
	{"size", func(b memacct.BatchStats) int64 { return b.Size }},
	{"bytes", func(b memacct.BatchStats) int64 { return b.Bytes }},
	{"end", func(b memacct.BatchStats) int64 { return b.End }},
	{"awaited", func(b memacct.BatchStats) int64 { return b.Awaited }},
	{"linger", func(b memacct.BatchStats) int64 { return b.Linger }},
	{"pressure", func(b memacct.BatchStats) int64 { return b.Pressure }},
}

// eventKinds are the kinds that are counted from 0. One that is missing here is counted all the same, from 1.
var eventKinds = []memacct.EventKind{
	memacct.EventOpened, memacct.EventLimit, memacct.EventGoLimit, memacct.EventAlarm, memacct.EventThrash, memacct.EventSizes,
	memacct.EventOverrun, memacct.EventRefused, memacct.EventStall, memacct.EventMoves, memacct.EventLeak, memacct.EventMisuse,
}

// addAccount sums two accounts of the same name. Of two peaks the sum is the most there can have been.
func addAccount(a, b account) account {
	a.Used += b.Used
	a.Peak += b.Peak
	a.Waiting += b.Waiting
	a.Named += b.Named
	a.Floor += b.Floor
	a.Units += b.Units
	a.Growth = max(a.Growth, b.Growth)
	return a
}

// addQueue sums two queues of the same account and name.
func addQueue(a, b queue) queue {
	a.Capacity += b.Capacity
	a.Queued += b.Queued
	a.QueuedBytes += b.QueuedBytes
	a.InHand += b.InHand
	a.InHandBytes += b.InHandBytes
	a.Parked += b.Parked
	a.Waiters += b.Waiters
	a.WaiterBytes += b.WaiterBytes
	a.Units += b.Units
	a.Waits += b.Waits
	a.Waited += b.Waited
	a.Growth = max(a.Growth, b.Growth)
	a.Batches = a.Batches.Add(b.Batches)
	return a
}
