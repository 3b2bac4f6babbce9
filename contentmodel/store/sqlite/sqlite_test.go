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

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string) store.Store {
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "content.db")
		return func(t *testing.T) store.Store { return open(t, path) }
	})
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
		}, "has schema version 99, this program knows version 1"},
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
