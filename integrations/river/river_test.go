package memriver

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

type syncArgs struct {
	Bytes int64 `json:"bytes"`
	Bad   bool  `json:"bad"`
}

func (syncArgs) Kind() string { return "sync" }

// syncWorker is one that knows nothing of us.
type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	used, peak *atomic.Int64
}

func (w *syncWorker) Work(_ context.Context, job *river.Job[syncArgs]) error {
	now := w.used.Add(job.Args.Bytes)
	defer w.used.Add(-job.Args.Bytes)
	for most := w.peak.Load(); now > most && !w.peak.CompareAndSwap(most, now); most = w.peak.Load() {
	}
	time.Sleep(5 * time.Millisecond)
	if job.Args.Bad {
		panic("bad")
	}
	return nil
}

// client is a River client of a process of its own, whose workers stay as they are.
func client(t *testing.T, dsn string, used, peak *atomic.Int64) *river.Client[pgx.Tx] {
	pool, err := pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	quiet := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1}))
	workers := river.NewWorkers()
	river.AddWorker(workers, &syncWorker{used: used, peak: peak})
	config := &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 20}},
		Workers: workers, Logger: quiet, MaxAttempts: 1, FetchPollInterval: 50 * time.Millisecond, FetchCooldown: 10 * time.Millisecond,
	}

	admission, err := New(t.Context(), pool, Config{Estimate: fromArgs, Limit: memacct.Content(100), Host: "h", Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admission.Close(context.Background())) })
	config.Middleware = append(config.Middleware, admission)

	c, err := river.NewClient(riverpgxv5.New(pool), config)
	require.NoError(t, err)
	return c
}

// fromArgs knows what a job needs from its arguments.
func fromArgs(row *rivertype.JobRow) Estimate {
	var args syncArgs
	if err := json.Unmarshal(row.EncodedArgs, &args); err != nil {
		return Estimate{}
	}
	return Estimate{Bytes: args.Bytes}
}

// Two River clients on one host work jobs of 10 to 90 % of its budget, a third of which panic: never more than the
// budget at once, none twice, and in the end nothing is held.
func TestRiver(t *testing.T) {
	dsn := database(t)
	pool, err := pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)

	var used, peak atomic.Int64
	clients := []*river.Client[pgx.Tx]{client(t, dsn, &used, &peak), client(t, dsn, &used, &peak)}
	var jobs []river.InsertManyParams
	for i := range 24 {
		jobs = append(jobs, river.InsertManyParams{Args: syncArgs{Bytes: 10 + 80*int64(i%10/9), Bad: i%3 == 0}})
	}
	jobs = append(jobs, river.InsertManyParams{Args: syncArgs{Bytes: 101}})
	_, err = clients[0].InsertMany(t.Context(), jobs)
	require.NoError(t, err)
	for _, c := range clients {
		require.NoError(t, c.Start(t.Context()))
	}
	counted := func(state string) (n int) {
		err := pool.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE state = $1::river_job_state AND attempt <= 1", state).Scan(&n)
		require.NoError(t, err)
		return n
	}
	require.Eventually(t, func() bool { return counted("completed")+counted("discarded")+counted("cancelled") == len(jobs) }, 2*time.Minute, 50*time.Millisecond)
	for _, c := range clients {
		require.NoError(t, c.Stop(t.Context()))
	}
	require.Equal(t, 16, counted("completed"))
	require.Equal(t, 8, counted("discarded"), "those that panic, at their only attempt")
	require.Equal(t, 1, counted("cancelled"), "that above every budget")
	require.LessOrEqual(t, peak.Load(), int64(100))
	require.GreaterOrEqual(t, peak.Load(), int64(90), "or nothing was tried")
	left := 0
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM memriver_lease) + (SELECT count(*) FROM memriver_wait)").Scan(&left))
	require.Zero(t, left)
}
