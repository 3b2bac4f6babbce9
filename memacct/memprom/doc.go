// Package memprom exports the figures of a [memacct.Budget] as Prometheus metrics.
//
//	registry.MustRegister(memprom.New(budget))
//
// Names begin with memacct_, amounts are bytes and seconds. Metrics of accounts have the label account, those of
// queues account, queue and kind, which is gate or queue; batches are counted by cause. docs/observability.md lists
// them all, with alerts.
//
// # Accounts and queues come and go
//
// They appear with their first scrape and are gone when the account is closed and empty. Give each account a name
// of its own, and each of its queues: what has the same names is summed into one series, so that a scrape never
// fails, but a sum falls when one of its parts ends, which Prometheus takes for a restart. A name that is not
// UTF-8 is made so.
//
// # Cost
//
// A scrape reads the budget once, tens of microseconds, and makes some thirty values for each queue: a quarter of
// a millisecond with three queues, most of it Prometheus' own, and 20 ms with three hundred. Nothing runs between
// scrapes but a counter of events, which are rare.
package memprom
