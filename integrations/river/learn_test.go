package memriver

import (
	"context"
	"errors"
	"testing"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

func TestSized(t *testing.T) {
	for _, c := range []struct {
		l                         learned
		declared, budget, largest int64
		bytes                     int64
		why                       string
	}{
		{learned{}, 40, 100, 100, 40, "declared"},
		{learned{}, 0, 100, 100, 25, "a quarter of the host's budget, as nothing is known"},
		{learned{}, 0, 1, 1, 1, "a quarter of the host's budget, as nothing is known"},
		{learned{"k", 30, 30, 2}, 40, 100, 100, 40, "declared"},
		{learned{"k", 50, 50, 1}, 40, 100, 100, 50, "learned from 1 run of k, declared 40 B"},
		{learned{"k", 50, 45, 2}, 0, 100, 100, 50, "learned from 2 runs of k, the last had 45 B"},
		{learned{"k", 500, 500, 2}, 40, 100, 200, 200, "learned from 2 runs of k, declared 40 B"},
		{learned{"k", 500, 500, 2}, 300, 100, 200, 300, "declared"},
		{learned{"k", 50, 0, 0}, 0, 100, 100, 50, "told of k"},
	} {
		bytes, why := c.l.sized(c.declared, c.budget, c.largest)
		require.Equal(t, c.bytes, bytes, "%v", c)
		require.Equal(t, c.why, why)
	}
}

func TestObserved(t *testing.T) {
	for _, c := range []struct {
		err   error
		bytes int64
		whole bool
	}{
		{nil, 70, true},
		{errors.New("failed"), 70, false},
		{&memacct.BudgetError{Used: 60, Item: 50}, 110, false},
		{&memacct.BudgetError{Item: 5}, 70, false},
	} {
		bytes, whole := observed(70, c.err)
		require.Equal(t, c.bytes, bytes)
		require.Equal(t, c.whole, whole)
	}
}

// keyed says that any job is of one key and needs 10 bytes.
func keyed(*rivertype.JobRow) Estimate { return Estimate{Bytes: 10, Key: "acme/rpms"} }

// What jobs need is learned by every process, survives them all, and fades.
func TestPeaksAreLearned(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{Estimate: keyed})
	uses := func(n int64, end error) func(context.Context) error {
		return func(ctx context.Context) error {
			Account(ctx).Charge(n)()
			return end
		}
	}
	explained := func() string {
		t.Helper()
		why, err := p.Explain(t.Context(), row(1))
		require.NoError(t, err)
		return why
	}
	require.Equal(t, "10 B declared", explained())
	require.NoError(t, p.Work(t.Context(), row(1), uses(0, nil)))
	require.Equal(t, "10 B declared", explained(), "a worker that accounts nothing teaches nothing")
	require.NoError(t, p.Work(t.Context(), row(1), uses(80, nil)))
	require.Equal(t, "80 B learned from 1 run of acme/rpms, declared 10 B", explained())
	require.NoError(t, p.Work(t.Context(), row(1), uses(40, nil)))
	require.Equal(t, "75 B learned from 2 runs of acme/rpms, the last had 40 B, declared 10 B", explained())
	failed := errors.New("failed")
	require.ErrorIs(t, p.Work(t.Context(), row(1), uses(11, failed)), failed)
	require.Equal(t, "75 B learned from 3 runs of acme/rpms, the last had 11 B, declared 10 B", explained(), "it had no time to need more")
	require.NoError(t, p.Close(t.Context()))

	p = start(t, dsn, Config{Estimate: keyed})
	h := p.hold(t, row(1))
	require.EqualValues(t, 75, p.query(t, "SELECT bytes FROM memriver_lease WHERE why LIKE 'learned from 3 runs%'"))
	p.refused(t, row(2))
	require.EqualValues(t, 75, p.query(t, "SELECT bytes FROM memriver_wait WHERE why LIKE 'learned from 3 runs%'"))
	h.release(t)
}

// An estimate that is too low fails the run at its lease, and the next attempt has enough.
func TestALieIsCorrected(t *testing.T) {
	p := start(t, database(t), Config{Estimate: keyed})
	put := func(ctx context.Context) error {
		gate := memacct.NewGate(Account(ctx), "units", 1, func(n int) int64 { return int64(n) })
		defer gate.Close()
		go func() {
			for range gate.All(ctx) {
			}
		}()
		return gate.Put(ctx, 64)
	}
	require.ErrorIs(t, p.Work(t.Context(), row(1), put), memacct.ErrOverBudget)
	require.NoError(t, p.Work(t.Context(), row(1), put))
}

func TestSeed(t *testing.T) {
	p := start(t, database(t), Config{Estimate: keyed})
	require.NoError(t, p.Seed(t.Context(), "acme/rpms", 60))
	why, err := p.Explain(t.Context(), row(1))
	require.NoError(t, err)
	require.Equal(t, "60 B told of acme/rpms, declared 10 B", why)
	require.NoError(t, p.Seed(t.Context(), "acme/rpms", 50))
	require.EqualValues(t, 60, p.query(t, "SELECT bytes FROM memriver_peak"))
	require.EqualError(t, p.Seed(t.Context(), "", 50), `memriver: 50 bytes of key "" tell nothing: name a key and what it needs`)
	_, err = start(t, database(t), Config{Estimate: func(*rivertype.JobRow) Estimate { return Estimate{Bytes: -1} }}).Explain(t.Context(), row(1))
	require.ErrorContains(t, err, "is -1 bytes")
}
