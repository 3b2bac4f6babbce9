package postgres_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.Child(postgres.Open)
	goleak.VerifyTestMain(m)
}

// server is the DSN of a database whose tables may be dropped; SYNCMEM_TEST_POSTGRES holds it.
func server(t *testing.T) string {
	dsn := os.Getenv("SYNCMEM_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("SKIPPED: PostgreSQL is NOT tested; SYNCMEM_TEST_POSTGRES holds no DSN")
	}
	return dsn
}

// exec runs a statement behind the stores' back.
func exec(t *testing.T, dsn, statement string) {
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), statement)
	require.NoError(t, err)
}

// fresh drops the tables and returns what opens a store.
func fresh(t *testing.T) storetest.Open {
	dsn := server(t)
	exec(t, dsn, "DROP TABLE IF EXISTS syncmem_schema, syncmem_content, syncmem_body, syncmem_repository, syncmem_version, syncmem_member, syncmem_artifact")
	return func(t *testing.T) store.Versioned {
		s, err := postgres.Open(t.Context(), dsn)
		require.NoError(t, err)
		return s
	}
}

func TestConformance(t *testing.T) {
	server(t)
	storetest.Run(t, fresh)
}

// TestKilled also looks for what the killed left on the server, which finds out when it looks at the connections.
func TestKilled(t *testing.T) {
	const name = "syncmem_killed"
	t.Setenv("PGAPPNAME", name) // others may use the server, too
	t.Run("", func(t *testing.T) { storetest.RunKilled(t, server(t), fresh(t)) })
	conn, err := pgx.Connect(t.Context(), server(t))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.Eventually(t, func() bool {
		left := 0
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()", name).Scan(&left)
		return err == nil && left == 0
	}, 30*time.Second, 20*time.Millisecond, "sessions, and so drafts, of those that were killed")
}

// TestConnectionLost ends the server's side of the connections in the middle of a save.
func TestConnectionLost(t *testing.T) {
	open := fresh(t)
	const name = "syncmem_lost"
	t.Setenv("PGAPPNAME", name) // others may use the server, too
	s := open(t)
	defer s.Close()
	_, err := s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)
	pieces := 0
	bad := &storetest.Unit{Name: "bad", Len: 1 << 20, Before: func() {
		if pieces++; pieces == 100 {
			exec(t, server(t), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+name+"' AND pid <> pg_backend_pid()")
		}
	}}
	n, err := s.Save(t.Context(), append(storetest.Many(10, 100), bad))
	require.ErrorContains(t, err, "store postgres://")
	require.ErrorContains(t, err, "; the server ended it; see its log, then run again")
	require.NotContains(t, err.Error(), "\n")
	require.Zero(t, n)
	count, err := s.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, count)
	n, err = s.Save(t.Context(), append(storetest.Many(10, 100), &storetest.Unit{Name: "bad", Len: 1 << 20}))
	require.NoError(t, err)
	require.Equal(t, 101, n)
}

// TestDraftLost: a draft goes with its connection, and says so; another takes its place.
func TestDraftLost(t *testing.T) {
	open := fresh(t)
	const name = "syncmem_draft_lost"
	t.Setenv("PGAPPNAME", name)
	s := open(t)
	defer s.Close()
	_, err := s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)
	sync := func() (store.Draft, error) {
		d, err := s.Begin(t.Context(), "r")
		require.NoError(t, err)
		return d, d.Add(t.Context(), storetest.Many(0, 10))
	}
	d, err := sync()
	require.NoError(t, err)
	exec(t, server(t), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+name+"' AND pid <> pg_backend_pid()")
	_, err = d.Publish(t.Context())
	require.ErrorContains(t, err, "store postgres://")
	require.NotContains(t, err.Error(), "\n")
	require.ErrorIs(t, d.Add(t.Context(), nil), store.ErrOver)
	require.NoError(t, d.Discard())
	d, err = sync()
	require.NoError(t, err)
	v, err := d.Publish(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Version{Repository: "r", Number: 1, Units: 10, Added: 10}, v)
}

func TestReadOnly(t *testing.T) {
	open := fresh(t)
	t.Setenv("PGOPTIONS", "-c default_transaction_read_only=on")
	_, err := postgres.Open(t.Context(), server(t))
	require.ErrorContains(t, err, "; the database takes no changes; name the server that does")
	t.Setenv("PGOPTIONS", "")
	s := open(t)
	defer s.Close()
	exec(t, server(t), "DROP TABLE syncmem_content")
	_, err = s.Count(t.Context())
	require.ErrorContains(t, err, "; check that the user may make and use the tables")
}

// TestForeign: what another program made by our names is refused before anything is made, and stays as it is.
func TestForeign(t *testing.T) {
	for _, c := range []struct{ made, want string }{
		{"CREATE TABLE syncmem_schema (version int)", "has schema version 0, this program knows versions up to 2"},
		{"CREATE TABLE syncmem_schema AS SELECT 99 AS version", "has schema version 99, this program knows versions up to 2; use the program that made it, or another database"},
		{"CREATE TABLE syncmem_schema (x text)", "has tables of our names that another program made"},
		{"CREATE TABLE syncmem_content ()", "has tables of our names that another program made"},
		{"CREATE TABLE syncmem_body (id bytea, seq int, data text)", "has tables of our names that another program made"},
		{"CREATE VIEW syncmem_content AS SELECT 1 AS id", "has tables of our names that another program made"},
	} {
		fresh(t)
		exec(t, server(t), c.made)
		_, err := postgres.Open(t.Context(), server(t))
		conn, bad := pgx.Connect(t.Context(), server(t))
		require.NoError(t, bad)
		n := 0
		bad = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname LIKE 'syncmem_%' AND relkind IN ('r', 'v') AND relpersistence = 'p' AND pg_table_is_visible(oid)").Scan(&n)
		require.NoError(t, conn.Close(t.Context()))
		exec(t, server(t), "DROP "+strings.Join(strings.Fields(c.made)[1:3], " "))
		require.NoError(t, bad)
		require.Equal(t, 1, n, "tables after %s", c.made)
		require.ErrorContains(t, err, c.want, c.made)
		require.NotContains(t, err.Error(), "\n")
	}
}

// schema1 is what programs before versions made.
const schema1 = `
CREATE TABLE syncmem_schema (version int NOT NULL);
INSERT INTO syncmem_schema VALUES (1);
CREATE TABLE syncmem_content (id bytea PRIMARY KEY, kind text NOT NULL, key bytea NOT NULL);
CREATE TABLE syncmem_body (id bytea NOT NULL, seq int NOT NULL, data bytea NOT NULL, PRIMARY KEY (id, seq));
INSERT INTO syncmem_content VALUES (sha256('test\000unit 0000000'), 'test', 'unit 0000000');
INSERT INTO syncmem_body VALUES (sha256('test\000unit 0000000'), 0, 'old');`

// TestUpgrade: a database of the former schema keeps what it has, and gets versions. One that is half ours is refused.
func TestUpgrade(t *testing.T) {
	fresh(t)
	exec(t, server(t), schema1+"CREATE TABLE syncmem_member (x int)")
	_, err := postgres.Open(t.Context(), server(t))
	require.ErrorContains(t, err, "has tables of our names that another program made")
	exec(t, server(t), "DROP TABLE syncmem_member")
	for range 2 {
		s, err := postgres.Open(t.Context(), server(t))
		require.NoError(t, err)
		_, err = s.Save(t.Context(), storetest.Many(0, 10))
		require.NoError(t, err)
		d, err := s.Begin(t.Context(), "r")
		require.NoError(t, err)
		require.NoError(t, d.Add(t.Context(), storetest.Many(0, 10)))
		v, err := d.Publish(t.Context())
		require.NoError(t, err)
		require.Equal(t, store.Version{Repository: "r", Number: 1, Units: 10, Added: 10}, v)
		var body strings.Builder
		require.NoError(t, s.Body(t.Context(), "test", "unit 0000000", &body))
		require.Equal(t, "old", body.String())
		require.NoError(t, s.Close())
	}
}

func TestOpenErrors(t *testing.T) {
	for _, dsn := range []string{
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=5",
		"postgres://user:secret@127.0.0.1:port/db",
		"postgres://user:secret@127.0.0.1:99999/db",
		"postgres://user:sec%zzret@127.0.0.1:1/db",
		"postgres://user:sec ret@127.0.0.1:1/db",
		"postgres://user:secret/x@127.0.0.1:1/db",
		"postgres://user:secret#x@127.0.0.1:1/db",
		"postgres://user:secret?x@127.0.0.1:1/db",
		"postgres://user:secret@[::1/db",
		"postgres://user:secret@127.0.0.1:1/db?sslmode=none",
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=x",
		"postgres://user:secret@127.0.0.1:1/db?pool_max_conns=x",
		"postgres://user:secret@127.0.0.1:1/db?answer_timeout=x",
		"postgres://127.0.0.1:1/db?user=u&password=secret&sslmode=none",
		"postgres://127.0.0.1:1/db?password=secret%zz",
		"postgres://user:secret@127.0.0.1:1/db?sslcert=/nowhere&sslkey=/nowhere",
		"postgres ://user:secret@127.0.0.1:1/db",
		"host=127.0.0.1 port=1 user=user password=secret sslmode=none",
		"host=127.0.0.1 port=x user=user password=secret",
		"host=127.0.0.1 user=user password='secret",
		"password = 'it is secret' port=1 =",
		"user password=secret",
		"postgres:user:secret@127.0.0.1:1/db",
	} {
		_, err := postgres.Open(t.Context(), dsn)
		require.ErrorContains(t, err, "store postgres")
		for _, part := range []string{"secret", "sec", "ret@"} {
			require.NotContains(t, err.Error(), part, dsn)
		}
		require.Equal(t, 1, strings.Count(err.Error()+"\n", "\n"), err)
	}
}
