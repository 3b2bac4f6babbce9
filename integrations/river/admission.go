package memriver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
	"github.com/syncmem/syncmem/memacct"
)

// Admission is one process' part of the admission, a middleware of its River client. All methods may be called from many
// goroutines.
type Admission struct {
	cfg   Config
	store *store
	rules admit.Rules
	host  *memacct.Budget // finds the limit, and has the process stay below it
	quiet *slog.Logger    // of the jobs' budgets
	over  chan struct{}   // closed by Close
	beats sync.WaitGroup
	once  sync.Once

	mu      sync.Mutex
	budget  int64
	next    int64           // slot
	has     map[int64]lease // what runs, by slot
	ended   []int64         // slots whose lease the database may still have
	changed chan struct{}   // closed when a lease of this process ended, or nothing is admitted any more
	drained bool
}

// New makes this process take part, with its tables in the database that the pool is of; they are made if need be. The
// context is for that alone. An error is one line. The caller must Close the admission.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Admission, error) {
	return open(ctx, pool, cfg, machine())
}

// open is New on a machine of that name.
func open(ctx context.Context, pool *pgxpool.Pool, cfg Config, machine string) (*Admission, error) {
	cfg, err := cfg.filled()
	if err == nil && pool == nil {
		err = errors.New("memriver: the pool is nil: give New the one that River's driver has")
	}
	if err != nil {
		return nil, err
	}
	host, err := memacct.New(memacct.Config{Limit: cfg.Limit, Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("memriver: no budget for host %q: %w", cfg.Host, err)
	}
	a := &Admission{
		cfg: cfg, host: host, budget: host.Stats().Limit, rules: admit.Rules{Patience: cfg.Patience, GroupShare: cfg.GroupShare},
		store: &store{pool: pool, process: process{id: rand.Text(), host: cfg.Host, machine: machine, workers: cfg.Workers, every: cfg.Heartbeat}, records: cfg.Records},
		quiet: slog.New(warnings{cfg.Logger.Handler()}), over: make(chan struct{}), has: map[int64]lease{}, changed: make(chan struct{}),
	}
	if err := a.store.open(ctx, a.budget); err != nil {
		_ = host.Close(ctx) // nothing is on it
		return nil, explained(err)
	}
	a.beats.Go(a.beatAlways)
	return a, nil
}

// IsMiddleware tells River that this is one.
func (a *Admission) IsMiddleware() bool { return true }

// IsPlugin tells River that it may be a plugin, too.
func (a *Admission) IsPlugin() bool { return true }

// SetLimit changes what this process finds of its host's memory, from its next heartbeat on at the latest. A lower one
// ends nothing that runs.
func (a *Admission) SetLimit(l memacct.Limit) error {
	if err := a.host.SetLimit(l); err != nil {
		return err
	}
	a.mu.Lock()
	a.budget = a.host.Stats().Limit
	a.mu.Unlock()
	ctx, cancel := a.brief(context.Background())
	defer cancel()
	return a.beat(ctx)
}

// Drain has the process admit nothing more: what waits in its workers goes back into the queue. Call it before River's
// Client.Stop, which otherwise waits for the job that waits here.
func (a *Admission) Drain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drained = true
	a.wake()
}

// Close ends the process' part, after River's client was stopped: leases that it still has are given up. It returns the
// database's error, and then they count for two heartbeats more. Calls after the first one do nothing.
func (a *Admission) Close(ctx context.Context) (err error) {
	a.once.Do(func() {
		a.Drain()
		close(a.over)
		a.beats.Wait()
		if err = a.store.leave(ctx); err != nil {
			err = explained(err)
		}
		_ = a.host.Close(ctx) // nothing is on it
	})
	return err
}

// wake has those ask again who wait in a worker. It wants the lock.
func (a *Admission) wake() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// beatAlways shows that the process lives, until Close.
func (a *Admission) beatAlways() {
	tick := time.NewTicker(a.cfg.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-a.over:
			return
		case <-tick.C:
			ctx, cancel := a.brief(context.Background())
			if err := a.beat(ctx); err != nil {
				a.cfg.Logger.Warn("memriver: no heartbeat; jobs that run go on, none is admitted until the database is back", "host", a.cfg.Host, "error", err)
			}
			cancel()
		}
	}
}

// beat is one heartbeat.
func (a *Admission) beat(ctx context.Context) error {
	a.mu.Lock()
	budget, ended, has := a.budget, slices.Clone(a.ended), slices.Collect(maps.Values(a.has))
	a.mu.Unlock()
	if err := a.store.beat(ctx, budget, ended, has); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = slices.DeleteFunc(a.ended, func(s int64) bool { return slices.Contains(ended, s) })
	for _, l := range has { // one that ended meanwhile may have come back with the process
		if _, still := a.has[l.slot]; !still {
			a.ended = append(a.ended, l.slot)
		}
	}
	return nil
}

// brief is a context for what a heartbeat must not wait for longer.
func (a *Admission) brief(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, max(a.cfg.Heartbeat, time.Second))
}
