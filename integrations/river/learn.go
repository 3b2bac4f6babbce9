package memriver

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct"
)

// learned is what runs with one key have shown. The zero value is nothing.
type learned struct {
	key   string
	bytes int64 // the largest peak, which fades with the runs that need less
	last  int64
	runs  int64
}

// sized is how much a job needs, and why, in one line.
func (l learned) sized(declared, budget, largest int64) (bytes int64, why string) {
	bytes, why = declared, "declared"
	if declared == 0 {
		bytes, why = max(budget/4, 1), "a quarter of the host's budget, as nothing is known"
	}
	// A run that was refused may ask for more than there is. The largest budget is worth a try, and then it fails by itself.
	most := min(l.bytes, max(largest, budget))
	if most <= bytes {
		return bytes, why
	}
	why = "learned from " + text.Count(l.runs, "run") + " of " + l.key
	if l.runs == 0 {
		why = "told of " + l.key
	}
	if l.last > 0 && l.last != l.bytes {
		why += ", the last had " + bytesize.Format(l.last)
	}
	if declared > 0 {
		why += ", declared " + bytesize.Format(declared)
	}
	return most, why
}

// observed is the peak of a run that ended with err, and whether it went all the way. One that was refused a unit needs
// that one, too.
func observed(peak int64, err error) (bytes int64, whole bool) {
	if refused := new(memacct.BudgetError); errors.As(err, &refused) {
		return max(peak, refused.Used+refused.Item), false
	}
	return peak, err == nil
}

// readPeak is what was learned of key $1, and learnPeak adds a run: a larger peak counts at once; of what a whole run did
// not need an eighth is forgotten.
const (
	readPeak  = "SELECT key, bytes, last, runs FROM memriver_peak WHERE key = $1"
	learnPeak = `INSERT INTO memriver_peak VALUES ($1, $2, $2, 1, clock_timestamp()) ON CONFLICT (key) DO UPDATE SET
		bytes = greatest($2, memriver_peak.bytes - CASE WHEN $3 THEN (memriver_peak.bytes - $2) / 8 ELSE 0 END),
		last = $2, runs = memriver_peak.runs + 1, at = clock_timestamp()`
	seedPeak = `INSERT INTO memriver_peak VALUES ($1, $2, 0, 0, clock_timestamp()) ON CONFLICT (key) DO UPDATE SET
		bytes = greatest($2, memriver_peak.bytes), at = clock_timestamp()`
)

func (l *learned) scan(r pgx.Row) error {
	err := r.Scan(&l.key, &l.bytes, &l.last, &l.runs)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// learn adds a run with a key. A peak of 0 teaches nothing.
func learn(b *pgx.Batch, key string, peak int64, whole bool) {
	if key != "" && peak > 0 {
		b.Queue(learnPeak, key, peak, whole)
	}
}

// Seed tells what jobs with a key will need, in bytes, before any of them ran: syncbench plan predicts it of a source. What
// runs have shown, if it is more, stays.
func (a *Admission) Seed(ctx context.Context, key string, bytes int64) error {
	if key == "" || bytes <= 0 {
		return fmt.Errorf("memriver: %d bytes of key %q tell nothing: name a key and what it needs", bytes, key)
	}
	if _, err := a.store.pool.Exec(ctx, seedPeak, key, bytes); err != nil {
		return explained(err)
	}
	return nil
}

// Explain says in one line how much memory a job would be given on this host, and why: "120.0 MiB learned from 5 runs of
// acme/rpms, the last had 96.0 MiB, declared 64.0 MiB".
func (a *Admission) Explain(ctx context.Context, row *rivertype.JobRow) (string, error) {
	job, key, err := a.job(row)
	if err != nil {
		return "", err
	}
	l, largest := learned{key: key}, int64(0)
	b := &pgx.Batch{}
	b.Queue(readPeak, key).QueryRow(l.scan)
	b.Queue(largestBudget).QueryRow(func(r pgx.Row) error { return r.Scan(&largest) })
	if err := a.store.pool.SendBatch(ctx, b).Close(); err != nil {
		return "", explained(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	bytes, why := l.sized(job.Size, a.budget, largest)
	return bytesize.Format(bytes) + " " + why, nil
}
