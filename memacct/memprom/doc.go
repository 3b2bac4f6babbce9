// Package memprom exports the figures of a [memacct.Budget] as Prometheus metrics.
//
//	registry.MustRegister(memprom.New(budget))
//
// Every scrape reads the budget once, some microseconds and a few more for each account and queue, and nothing
// runs between scrapes. Names begin with memacct_, amounts are bytes and seconds. Queue metrics have the labels
// account, queue and kind, which is "gate" or "queue"; batches are counted by cause.
//
// Accounts and queues appear with their first scrape and are gone with the account. Give each account a name of
// its own, and each of its queues: what has the same names is summed into one series, so that a scrape never
// fails, but a sum falls when one of its parts ends, which Prometheus takes for a restart.
//
// The alert that matters most is on memacct_size_factor, memacct_gc_limited and memacct_events_total; the
// question "does the limit cost speed?" is answered by
//
//	rate(memacct_queue_wait_seconds_total{kind="gate"}[5m])
//
// the part of its time that a first stage waited.
package memprom
