package memriver

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// By whatever way a job ends, its lease ends with it.
func TestEveryPathGivesTheLeaseBack(t *testing.T) {
	p := start(t, database(t), Config{Estimate: sized})
	failed := errors.New("failed")
	for name, end := range map[string]func(context.Context) error{
		"return": func(context.Context) error { return nil },
		"error":  func(context.Context) error { return failed },
		"panic":  func(context.Context) error { panic(failed) },
		"goexit": func(context.Context) error { runtime.Goexit(); return nil },
		"cancel": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"lost charge": func(ctx context.Context) error {
			Account(ctx).Charge(20)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { _ = recover() }()
				_ = p.Work(ctx, row(1060), func(ctx context.Context) error {
					require.EqualValues(t, 1, p.leases(t))
					require.EqualValues(t, 60, Account(ctx).Budget().Stats().Limit, "exactly the lease")
					if name == "cancel" {
						cancel()
					}
					return end(ctx)
				})
			}()
			<-done
			require.Zero(t, p.leases(t))
		})
	}
	require.Nil(t, Account(t.Context()))
}

// Two processes share the budget of their host, the least that one of them has; another host has its own.
func TestProcessesShareTheirHost(t *testing.T) {
	dsn := database(t)
	first := start(t, dsn, Config{Estimate: sized})
	second := start(t, dsn, Config{Estimate: sized, Limit: memacct.Content(80)})
	other := start(t, dsn, Config{Estimate: sized, Host: "other"})

	one := first.hold(t, row(1050))
	second.refused(t, row(2050))
	two := second.hold(t, row(3030))
	first.refused(t, row(4010))
	three := other.hold(t, row(5100))
	one.release(t)
	two.release(t)
	three.release(t)
	require.Zero(t, first.leases(t))
}

// A budget that is lowered lets nothing in and ends nothing.
func TestLoweredLive(t *testing.T) {
	p := start(t, database(t), Config{Estimate: sized})
	one := p.hold(t, row(1050))
	require.NoError(t, p.SetLimit(memacct.Content(40)))
	p.refused(t, row(2010))
	one.release(t)
	p.hold(t, row(2010)).release(t)
	require.Error(t, p.SetLimit(memacct.Content(0)))
}

// The first job that waits has a claim: it stays in its worker, others may pass it no more, and it runs as soon as there
// is room.
func TestClaim(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{Estimate: sized, Patience: time.Nanosecond})
	neighbour := start(t, dsn, Config{Estimate: sized, Patience: time.Nanosecond})
	small := p.hold(t, row(1010))
	large := p.begin(t, row(1100))
	require.Eventually(t, func() bool { return p.query(t, "SELECT count(*) FROM memriver_wait WHERE claims IS NOT NULL") == 1 }, time.Minute, time.Millisecond)
	p.refused(t, row(2010))
	neighbour.refused(t, row(3010))
	require.EqualValues(t, 1100, p.query(t, "SELECT behind FROM memriver_wait WHERE job = 3010"))
	small.release(t)
	<-large.runs
	large.release(t)
	neighbour.hold(t, row(2010)).release(t)
	require.EqualValues(t, 1, p.query(t, "SELECT count(*) FROM memriver_wait"), "3010 waits")
}

// Drain puts back what waits in a worker, and nothing is admitted any more.
func TestDrain(t *testing.T) {
	p := start(t, database(t), Config{Estimate: sized})
	small := p.hold(t, row(1010))
	large := p.begin(t, row(1100))
	require.Eventually(t, func() bool { return p.query(t, "SELECT count(claims) FROM memriver_wait") == 1 }, time.Minute, time.Millisecond)
	p.Drain()
	var snoozed *rivertype.JobSnoozeError
	require.ErrorAs(t, <-large.done, &snoozed)
	require.Zero(t, p.query(t, "SELECT count(claims) FROM memriver_wait"))
	require.ErrorAs(t, p.Work(t.Context(), row(2010), nil), &snoozed)
	small.release(t)
}

// A job above every budget is cancelled at once; a host that left a moment ago may come back, and counts.
func TestAboveEveryBudget(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{Estimate: sized, Limit: memacct.Content(50)})
	other := start(t, dsn, Config{Estimate: sized, Host: "other"})
	p.refused(t, row(1100))
	require.NoError(t, other.Close(t.Context()))
	p.refused(t, row(1100))
	err := p.Work(t.Context(), row(1101), nil)
	var cancelled *rivertype.JobCancelError
	require.ErrorAs(t, err, &cancelled)
	require.ErrorContains(t, err, "memriver: the job needs 101 B (declared), and no host has as much (other 100 B, h 50 B): raise a budget, or have the job need less")
	p.exec(t, "UPDATE memriver_host SET seen = seen - interval '2 hours' WHERE name = 'other'")
	require.ErrorAs(t, p.Work(t.Context(), row(1100), nil), &cancelled)
}

// Of an unknown job a quarter of the budget is taken, and a group leaves a worker to others.
func TestUnknownAndGroups(t *testing.T) {
	p := start(t, database(t), Config{Workers: 3, Estimate: func(r *rivertype.JobRow) Estimate {
		return Estimate{Group: map[bool]string{true: "a", false: "b"}[r.ID < 10]}
	}})
	one, two := p.hold(t, row(1)), p.hold(t, row(2))
	require.EqualValues(t, 50, p.query(t, "SELECT sum(bytes) FROM memriver_lease"))
	p.refused(t, row(3))
	require.EqualValues(t, 1, p.query(t, "SELECT count(*) FROM memriver_wait WHERE reason = 'its group'"))
	p.hold(t, row(10)).release(t)
	one.release(t)
	p.hold(t, row(3)).release(t)
	two.release(t)
}

func TestBadEstimates(t *testing.T) {
	estimate := func(*rivertype.JobRow) Estimate { return Estimate{Bytes: -5} }
	p := start(t, database(t), Config{Estimate: func(r *rivertype.JobRow) Estimate { return estimate(r) }})
	require.EqualError(t, p.Work(t.Context(), row(7), nil), "memriver: the estimate of job 7 (sync) is -5 bytes: correct Config.Estimate")
	estimate = func(*rivertype.JobRow) Estimate { panic("no such repository") }
	require.EqualError(t, p.Work(t.Context(), row(7), nil), `memriver: the estimate of job 7 (sync) panicked with "no such repository": correct Config.Estimate`)
	for _, e := range []Estimate{{Key: "a\x00"}, {Group: "\xff"}} {
		estimate = func(*rivertype.JobRow) Estimate { return e }
		require.ErrorContains(t, p.Work(t.Context(), row(7), nil), "which must be UTF-8 without NUL: correct Config.Estimate")
	}
	require.Zero(t, p.leases(t))
}
