package memprom

import "github.com/syncmem/syncmem/memacct"

// What is before a key of package figures in the name of a metric, and the metrics with labels of their own.
const (
	ofBudget  = "memacct_"
	ofAccount = "memacct_account_"
	ofQueue   = "memacct_queue_"

	holdBytes    = "memacct_hold_bytes"
	queueInfo    = "memacct_queue_info"
	batchesTotal = "memacct_queue_batches_total"
	eventsTotal  = "memacct_events_total"
)

type (
	account = memacct.AccountStats
	queue   = memacct.QueueStats
)

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
