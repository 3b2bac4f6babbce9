// Package figures is the one table of a budget's figures: their keys, what they mean, and how they are read. Metrics are
// made of it; the live page, records, log records and syncbench have the same keys, or a test here fails.
package figures

import "github.com/syncmem/syncmem/memacct"

// Figure is one figure of a T.
type Figure[T any] struct {
	Key, Help string
	Counts    bool // it only goes up
	Unknown0  bool // 0 says that nothing is known: no value is better than a false one
	Of        func(T) float64
}

// number is a type of figure.
type number interface{ ~int | ~int64 | ~float64 }

// gauge is a figure that goes up and down.
func gauge[T any, N number](key, help string, figure func(T) N) Figure[T] {
	return Figure[T]{Key: key, Help: help, Of: func(from T) float64 { return float64(figure(from)) }}
}

// known is a gauge that is left out while it is 0.
func known[T any, N number](key, help string, figure func(T) N) Figure[T] {
	f := gauge(key, help, figure)
	f.Unknown0 = true
	return f
}

// counter is a figure that only goes up.
func counter[T any, N number](key, help string, figure func(T) N) Figure[T] {
	f := gauge(key, help, figure)
	f.Counts = true
	return f
}

// flagged is a gauge of a yes or no.
func flagged[T any](key, help string, is func(T) bool) Figure[T] {
	return gauge(key, help, func(from T) int {
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

// Budget is what [memacct.Stats] has.
var Budget = []Figure[budget]{
	gauge("limit_bytes", "Bytes of content that may be in flight now.", func(s budget) int64 { return s.Limit }),
	known("process_limit_bytes", "Bytes that the whole process may use; absent if only content is limited.", func(s budget) int64 { return s.Process }),
	gauge("used_bytes", "Bytes of content in flight.", func(s budget) int64 { return s.Used }),
	gauge("used_peak_bytes", "The most bytes of content that were ever in flight.", func(s budget) int64 { return s.Peak }),
	gauge("used_peak_limit_bytes", "Bytes of content that could be in flight when the most were.", func(s budget) int64 { return s.PeakLimit }),
	gauge("units", "Units in flight.", func(s budget) int { return s.Units }),
	gauge("waiting_bytes", "Bytes of the units whose puts wait at a gate.", func(s budget) int64 { return s.Waiting }),
	gauge("waiting_puts", "Puts that wait at a gate.", func(s budget) int { return s.Waiters }),
	gauge("debt_bytes", "Bytes in flight past the limit.", func(s budget) int64 { return s.Debt }),
	gauge("stalled_seconds", "How long nothing has moved though units are in flight or puts wait; 0 up to the time after which that is reported.", func(s budget) float64 { return s.Still.Seconds() }),
	flagged("pressure", "1 while a gate has a waiter or there is debt, else 0.", func(s budget) bool { return s.Pressure }),
	counter("overruns_total", "Units admitted past the limit by the policy.", func(s budget) int64 { return s.Overruns }),
	counter("refused_total", "Puts refused because their unit could not fit.", func(s budget) int64 { return s.Refused }),
	counter("would_wait_total", "Puts that would have waited, had the mode been enforce instead of shadow.", func(s budget) int64 { return s.WouldWait }),
	counter("misuse_total", "Leases that were ended twice, or lost.", func(s budget) int64 { return s.Misuse }),

	gauge("live_bytes", "Heap that the last garbage collection found alive.", func(s budget) int64 { return s.Memory.Live }),
	gauge("baseline_bytes", "Live heap when the budget was opened.", func(s budget) int64 { return s.Memory.Baseline }),
	gauge("pinned_bytes", "Live heap that is neither content nor baseline, an estimate over the last collections.", func(s budget) int64 { return s.Memory.Pinned }),
	gauge("go_bytes", "Memory that GOMEMLIMIT bounds: heap, stacks and the runtime's own.", func(s budget) int64 { return s.Memory.Go }),
	known("rss_anon_bytes", "Resident anonymous memory; absent where the kernel does not tell.", func(s budget) int64 { return s.Memory.RSS }),
	gauge("outside_bytes", "Resident memory that Go does not know of; 0 where the kernel does not tell.", func(s budget) int64 { return s.Memory.Outside }),
	gauge("refilled_bytes", "Memory of the heap that Go gave back and that huge pages made resident again.", func(s budget) int64 { return s.Memory.Refilled }),
	counter("gc_cycles_total", "Garbage collections since the start of the process.", func(s budget) int64 { return s.Memory.Cycles }),
	known("gc_cpu_ratio", "Part of the processors' time that the garbage collector took of late; absent if unknown.", func(s budget) float64 { return s.Memory.GCCPU }),
	flagged("gc_limited", "1 if the limit is held only because the garbage collector runs as much as it may, else 0.", func(s budget) bool { return s.Memory.GCLimited }),
	flagged("thrashing", "1 while nothing but collecting garbage holds the limit, for some seconds already, else 0.", func(s budget) bool { return s.Memory.Thrashing }),
	known("size_factor", "Bytes of live heap that come with an accounted byte: above 1, sizes under-report; absent if unknown.", func(s budget) float64 { return s.Memory.SizeFactor }),
}

// Account is what [memacct.AccountStats] has.
var Account = []Figure[account]{
	gauge("used_bytes", "Bytes of an account's content in flight.", func(a account) int64 { return a.Used }),
	gauge("used_peak_bytes", "The most bytes of an account's content that were ever in flight.", func(a account) int64 { return a.Peak }),
	gauge("waiting_bytes", "Bytes of the units whose puts wait at an account's gates.", func(a account) int64 { return a.Waiting }),
	gauge("named_bytes", "Bytes in use that are charged by name and are in no queue.", func(a account) int64 { return a.Named }),
	gauge("floor_bytes", "Bytes of the budget that other accounts can't take.", func(a account) int64 { return a.Floor }),
	gauge("units", "Units of an account in flight.", func(a account) int { return a.Units }),
	known("growth_ratio", "What units are expected to weigh at most over what they weigh at the gate; absent if it is not learned.", func(a account) float64 { return a.Growth }),
}

// Queue is what [memacct.QueueStats] has.
var Queue = []Figure[queue]{
	gauge("slots", "Units that a queue has room for.", func(q queue) int { return q.Capacity }),
	gauge("queued_units", "Units in a queue.", func(q queue) int { return q.Queued }),
	gauge("queued_bytes", "Bytes of the units in a queue.", func(q queue) int64 { return q.QueuedBytes }),
	gauge("in_hand_units", "Units that a queue's consumers work on.", func(q queue) int { return q.InHand }),
	gauge("in_hand_bytes", "Bytes of the units that a queue's consumers work on.", func(q queue) int64 { return q.InHandBytes }),
	gauge("parked_units", "Units in hand that wait for another unit.", func(q queue) int { return q.Parked }),
	gauge("waiting_puts", "Puts that wait, for memory or a slot.", func(q queue) int { return q.Waiters }),
	gauge("waiting_bytes", "Bytes of the units whose puts wait.", func(q queue) int64 { return q.WaiterBytes }),
	counter("units_total", "Units that went into a queue.", func(q queue) int64 { return q.Units }),
	counter("waits_total", "Puts that slept, for memory or a slot.", func(q queue) int64 { return q.Waits }),
	counter("waited_seconds_total", "Time that puts slept, for memory or a slot, those that still sleep included.", func(q queue) float64 { return q.Waited.Seconds() }),
	known("growth_ratio", "What units weighed in a queue at most, of late, over what they weighed at the gate; absent if none was measured again.", func(q queue) float64 { return q.Growth }),
	counter("batch_units_total", "Units in all batches that a queue handed on.", func(q queue) int64 { return q.Batches.Units }),
}
