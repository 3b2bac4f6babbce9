package record

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/memacct"
)

// childMode has the test binary be the process that dies, in the way of that name.
const childMode = "SYNCMEM_RECORD_CHILD"

var children = map[string]func(path string){}

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv(childMode)]; ok {
		child(os.Args[len(os.Args)-1])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// quiet throws the log away.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// logged is a logger and what it was told.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

// budget is one of n bytes of content, with an account.
func budget(t testing.TB, n int64) (*memacct.Budget, *memacct.Account) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(n), Logger: quiet()})
	require.NoError(t, err)
	return b, b.Account("sync")
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "sync.memrec") }

// start opens a record of b in path, or fails the test.
func start(t testing.TB, path string, b *memacct.Budget, o Options) *Recorder {
	if o.Logger == nil {
		o.Logger = quiet()
	}
	r, err := Open(path, b, o)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// reread reads path, which must be without fault.
func reread(t testing.TB, path string) *Record {
	r, err := Read(path)
	require.NoError(t, err)
	return r
}

// abandon stops a recorder as SIGKILL would: without a mark.
func abandon(r *Recorder) {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.Close()
}

// forge writes a whole file with these bytes in it.
func forge(t testing.TB, text []byte) string {
	path := file(t)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}
