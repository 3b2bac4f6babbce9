package memriver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/record"
)

// killed is what is known of a job whose process died under it.
type killed struct {
	times int
	host  string // the last one
	last  string // the end of its record, in words
}

func (k *killed) scan(r pgx.Row) error {
	err := r.Scan(&k.times, &k.host, &k.last)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

const (
	readKilled = "SELECT times, host, last FROM memriver_killed WHERE job = $1"
	addKilled  = `INSERT INTO memriver_killed VALUES ($1, 1, $2, $3, clock_timestamp()) ON CONFLICT (job) DO UPDATE SET
		times = memriver_killed.times + 1, host = $2, last = $3, at = clock_timestamp()`
	endKilled = "DELETE FROM memriver_killed WHERE job = $1"
	oldKilled = "DELETE FROM memriver_killed WHERE job IN (SELECT job FROM memriver_killed WHERE at < clock_timestamp() - interval '30 days' FOR UPDATE SKIP LOCKED)"
)

// takeDead takes the leases of the host's dead processes.
const takeDead = "DELETE FROM memriver_lease l USING memriver_process p WHERE p.id = l.process AND host = $2 AND NOT " + counted +
	" RETURNING process, slot, job, key"

// bury notes which jobs died with their process, and what their records tell, and forgets the host's dead.
func (s *store) bury(ctx context.Context, tx pgx.Tx) error {
	type death struct {
		process   string
		slot, job int64
		key       string
	}
	rows, err := tx.Query(ctx, takeDead, s.process.id, s.process.host)
	if err != nil {
		return err
	}
	dead, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (d death, err error) {
		return d, r.Scan(&d.process, &d.slot, &d.job, &d.key)
	})
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, d := range dead {
		last, peak := lastOf(recordPath(s.records, d.process, d.slot))
		b.Queue(addKilled, d.job, s.process.host, last)
		learn(b, d.key, peak, false)
	}
	b.Queue("DELETE FROM memriver_process p WHERE host = $2 AND NOT "+counted, s.process.id, s.process.host)
	return tx.SendBatch(ctx, b).Close()
}

// recordPath is where the record of a running job is, "" if none is kept.
func recordPath(folder, process string, slot int64) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, fmt.Sprintf("%s-%d.memrecord", process, slot))
}

// lastOf tells the end of a record, and the most that its account had.
func lastOf(path string) (last string, peak int64) {
	if path == "" {
		return "there is no record: Config.Records names a folder for them", 0
	}
	r, err := record.Read(path)
	if err != nil {
		return "its record can't be read: " + err.Error(), 0
	}
	for _, s := range r.Samples {
		peak = max(peak, s.Used+s.Waiting)
	}
	return r.Summary() + " See: syncbench record " + path, peak
}

// record has the end of a job survive the process, until the returned function is called: it ended.
func (a *Admission) record(b *memacct.Budget, slot int64) (end func()) {
	path := recordPath(a.cfg.Records, a.store.process.id, slot)
	if path == "" {
		return func() {}
	}
	r, err := record.Open(path, b, record.Options{Size: 128 << 10, Logger: a.quiet})
	if err != nil {
		a.cfg.Logger.Warn("memriver: a job runs without a record", "error", err)
		return func() {}
	}
	return func() {
		if err := errors.Join(r.Close(), os.Remove(path)); err != nil {
			a.cfg.Logger.Warn("memriver: the record of a job that ended stays", "error", err)
		}
	}
}
