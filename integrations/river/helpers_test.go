package memriver

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/memacct"
)

func TestMain(m *testing.M) {
	if os.Getenv("MEMRIVER_TEST_CHILD") != "" {
		child()
	}
	goleak.VerifyTestMain(m)
}

// database makes an empty schema on the server that SYNCMEM_TEST_POSTGRES names, for the time of a test, and returns its DSN.
func database(t testing.TB) string {
	dsn := os.Getenv("SYNCMEM_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("SKIPPED: PostgreSQL is NOT tested; SYNCMEM_TEST_POSTGRES holds no DSN")
	}
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	server, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	name := "memriver_" + strings.ToLower(rand.Text())
	_, err = server.Exec(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := server.Exec(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, server.Close(context.Background()))
	})
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// process is one process of a host, over a connection of its own.
type testProcess struct {
	*Admission
	pool *pgxpool.Pool
	line *line
}

// line is the way to the database, which can be cut.
type line struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.New("the line is cut")
	}
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	l.conns = append(l.conns, c)
	return c, err
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// never is a heartbeat that does not come by itself in a test.
const never = time.Hour

// start has one more process of host h take part, with so many bytes, and no heartbeat but those that a test asks for.
func start(t testing.TB, dsn string, cfg Config) *testProcess {
	t.Helper()
	p, err := tryStart(t, dsn, cfg, "machine")
	require.NoError(t, err)
	return p
}

func tryStart(t testing.TB, dsn string, cfg Config, machine string) (*testProcess, error) {
	t.Helper()
	if cfg.Host == "" {
		cfg.Host = "h"
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = never
	}
	if cfg.Limit == (memacct.Limit{}) {
		cfg.Limit = memacct.Content(100)
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	p := &testProcess{line: &line{}}
	pc, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	pc.ConnConfig.DialFunc = p.line.dial
	p.pool, err = pgxpool.NewWithConfig(t.Context(), pc)
	require.NoError(t, err)
	t.Cleanup(p.pool.Close)
	if p.Admission, err = open(t.Context(), p.pool, cfg, machine); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p, nil
}

// sized estimates jobs by their numbers: 1,030 needs 30 bytes.
func sized(row *rivertype.JobRow) Estimate { return Estimate{Bytes: row.ID % 1000} }

func row(id int64) *rivertype.JobRow { return &rivertype.JobRow{ID: id, Kind: "sync", Priority: 2} }

// query is a number that the database has.
func (p *testProcess) query(t *testing.T, sql string, args ...any) (n int64) {
	t.Helper()
	require.NoError(t, p.pool.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func (p *testProcess) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := p.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (p *testProcess) leases(t *testing.T) int64 {
	t.Helper()
	return p.query(t, "SELECT count(*) FROM memriver_lease")
}

// held is a job that runs until it is let go.
type held struct {
	end  chan struct{}
	done chan error
}

// hold admits a job and returns while it runs.
func (p *testProcess) hold(t *testing.T, r *rivertype.JobRow) *held {
	t.Helper()
	h := p.begin(t, r)
	select {
	case <-h.runs:
	case err := <-h.done:
		t.Fatalf("job %d did not run: %v", r.ID, err)
	}
	return h.held
}

type begun struct {
	*held
	runs chan struct{}
}

// begin asks for a job, which then runs until it is let go.
func (p *testProcess) begin(t *testing.T, r *rivertype.JobRow) begun {
	b := begun{&held{end: make(chan struct{}), done: make(chan error, 1)}, make(chan struct{})}
	ctx := t.Context()
	go func() {
		b.done <- p.Work(ctx, r, func(context.Context) error {
			close(b.runs)
			<-b.end
			return nil
		})
	}()
	return b
}

// release lets the job end.
func (h *held) release(t *testing.T) {
	t.Helper()
	close(h.end)
	require.NoError(t, <-h.done)
}

// refused asks for a job that may not run, with a context that ends as soon as the database has the answer.
func (p *testProcess) refused(t *testing.T, r *rivertype.JobRow) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := p.query(t, "SELECT coalesce(sum(asks), 0) FROM memriver_wait")
	done := make(chan error, 1)
	go func() {
		done <- p.Work(ctx, r, func(context.Context) error { return errors.New("it ran") })
	}()
	require.Eventually(t, func() bool {
		return p.query(t, "SELECT coalesce(sum(asks), 0) FROM memriver_wait") > before
	}, time.Minute, time.Millisecond)
	cancel()
	var snoozed *rivertype.JobSnoozeError
	require.ErrorAs(t, <-done, &snoozed)
}
