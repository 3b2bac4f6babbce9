package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.Child(sqlite.Open)
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string) store.Versioned {
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "content.db")
		return func(t *testing.T) store.Versioned { return open(t, path) }
	})
}

func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "content.db")
	storetest.RunKilled(t, path, func(t *testing.T) store.Versioned { return open(t, path) })
}

func TestReopen(t *testing.T) {
	// Characters that mean something in a file URI.
	path := filepath.Join(t.TempDir(), "a b#c%41&=ä.db")
	s := open(t, path)
	n, err := s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)
	require.Equal(t, 10, n)
	require.NoError(t, s.Close())
	require.FileExists(t, path)
	require.NoFileExists(t, path+"-wal", "the log is moved into the file")

	s = open(t, path)
	defer s.Close()
	n, err = s.Save(t.Context(), storetest.Many(5, 10))
	require.NoError(t, err)
	require.Equal(t, 5, n)
}

// exec runs SQL on a file behind the store's back.
func exec(t *testing.T, path, query string) *sql.DB {
	other, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	_, err = other.Exec(query)
	require.NoError(t, err)
	return other
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(path string)
		want    string
	}{
		"no folder": {func(path string) { require.NoError(t, os.Remove(filepath.Dir(path))) }, "cannot be opened or made"},
		"directory": {func(path string) { require.NoError(t, os.Mkdir(path, 0o700)) }, "is a directory"},
		"no database": {func(path string) {
			require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600))
		}, "is not a SQLite database"},
		"foreign":  {func(path string) { exec(t, path, "CREATE TABLE theirs (x)") }, "is a database of another program"},
		"their id": {func(path string) { exec(t, path, "PRAGMA application_id = 7") }, "is a database of another program"},
		"newer": {func(path string) {
			require.NoError(t, open(t, path).Close())
			exec(t, path, "PRAGMA user_version = 99")
		}, "has schema version 99, this program knows versions up to 2"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "x.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			c.prepare(path)
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(t.Context(), path)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "\n")
			after, _ := os.ReadFile(path)
			require.Equal(t, before, after, "the file was changed")
		})
	}
	for _, path := range []string{"", ":memory:"} {
		_, err := sqlite.Open(t.Context(), path)
		require.ErrorContains(t, err, "want the path of a file")
	}
}

// schema1 is what programs before versions made.
const schema1 = `
CREATE TABLE content (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, key));
CREATE TABLE tail (content INTEGER NOT NULL REFERENCES content (id), seq INTEGER NOT NULL, data BLOB NOT NULL,
	PRIMARY KEY (content, seq)) WITHOUT ROWID;
INSERT INTO content (kind, key, body) VALUES ('test', 'unit 0000000', 'old');
PRAGMA application_id = 1398361667; PRAGMA user_version = 1;`

// TestUpgrade: a file of the former schema keeps what it has, and gets versions.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	exec(t, path, schema1)
	s := open(t, path)
	defer s.Close()
	n, err := s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)
	require.Equal(t, 9, n)
	d, err := s.Begin(t.Context(), "r")
	require.NoError(t, err)
	require.NoError(t, d.Add(t.Context(), storetest.Many(0, 10)))
	v, err := d.Publish(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, v.Units)
	var body strings.Builder
	require.NoError(t, s.Body(t.Context(), "test", "unit 0000000", &body))
	require.Equal(t, "old", body.String())
	require.NoError(t, open(t, path).Close(), "and once more")
}

// TestRemoved: a file that is gone, or another one in its place, is told, not written to where nobody will look.
func TestRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	defer s.Close()
	_, err := s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)
	d, err := s.Begin(t.Context(), "r")
	require.NoError(t, err)
	defer d.Discard()
	require.NoError(t, d.Add(t.Context(), storetest.Many(0, 5)))
	gone := func(err error) {
		t.Helper()
		require.ErrorContains(t, err, "store "+path+": was removed or replaced while it was in use")
		require.NotContains(t, err.Error(), "\n")
	}
	for range 2 {
		if _, err := os.Stat(path + ".away"); err != nil { // the second time there is another in its place
			require.NoError(t, os.Rename(path, path+".away"))
		}
		_, err = s.Save(t.Context(), storetest.Many(10, 10))
		gone(err)
		gone(s.Existing(t.Context(), storetest.Many(0, 1), make([]bool, 1)))
		gone(d.Add(t.Context(), storetest.Many(0, 1)))
		_, err = d.Publish(t.Context())
		gone(err)
		gone(s.SaveArtifacts(t.Context(), nil))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	require.NoError(t, os.Rename(path+".away", path))
	v, err := d.Publish(t.Context())
	require.NoError(t, err, "it was put back")
	require.EqualValues(t, 5, v.Units)
}

// TestRemovedDuringSave: what was being saved then is not said to be kept.
func TestRemovedDuringSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	defer s.Close()
	bad := &storetest.Unit{Name: "bad", Len: 10, Before: func() { require.NoError(t, os.Remove(path)) }}
	_, err := s.Save(t.Context(), append(storetest.Many(0, 10), bad))
	require.ErrorContains(t, err, "was removed or replaced")
}

// TestLocked has another process's lock in the way, and a caller who gives up.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	defer s.Close()
	other := exec(t, path, "BEGIN IMMEDIATE")

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Save(ctx, storetest.Many(0, 1))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	_, err = s.Save(t.Context(), storetest.Many(0, 1))
	require.ErrorContains(t, err, "is locked by another process")
	require.ErrorContains(t, err, path)

	_, err = other.Exec("COMMIT")
	require.NoError(t, err)
	n, err := s.Save(t.Context(), storetest.Many(0, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// TestCancelledBegin cuts saves off at their very beginning. The driver may then report a transaction that has begun as
// one that has not, which must not be left open: it would keep out every later save, and other processes.
func TestCancelledBegin(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	for i := range 3000 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%300)*time.Microsecond)
		_, err := s.Save(ctx, storetest.Many(0, 1))
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded, "save %d", i)
		}
	}
}
