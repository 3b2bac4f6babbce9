//go:build unix

package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// database makes a database that no other test knows of, and returns its DSN and what counts the schemas in it.
func database(t *testing.T) (dsn string, schemas func() int) {
	server := os.Getenv("SYNCMEM_TEST_POSTGRES")
	if server == "" {
		t.Skip("SKIPPED: PostgreSQL is NOT tested; SYNCMEM_TEST_POSTGRES holds no DSN")
	}
	c, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	const name = "syncbench_apart_test"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + " (FORCE)", "CREATE DATABASE " + name} {
		_, err = c.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	require.NoError(t, c.Close(t.Context()))
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	c, err = pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(context.Background()) })
	return u.String(), func() (n int) {
		require.NoError(t, c.QueryRow(t.Context(), "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'syncmem%'").Scan(&n))
		return n
	}
}

// On a server each run finds a store that is empty, and leaves nothing; nor does one that was killed, once the next is over.
func TestCompareOnServer(t *testing.T) {
	dsn, schemas := database(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "c.json")
	compare := func(units string) *exec.Cmd {
		return exec.Command("syncbench", "compare", "-q", "--limit=512MiB", "--runs=2", "--modes=none,bytes", "--json="+file, "--out="+filepath.Join(dir, units), "--store="+dsn, "--source=synth:file-flat,units="+units)
	}
	killed := compare("1000000")
	require.NoError(t, killed.Start())
	require.Eventually(t, func() bool { return schemas() > 0 }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())

	text, err := compare("300").CombinedOutput()
	require.NoError(t, err, string(text))
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	c := new(comparison)
	require.NoError(t, json.Unmarshal(text, c))
	require.Len(t, c.Runs, 4)
	for _, r := range c.Runs {
		require.EqualValues(t, 300, r.Saved, "%+v", r)
	}
	require.Zero(t, schemas())
	text, err = os.ReadFile(filepath.Join(dir, "300", folderFile))
	require.NoError(t, err)
	require.Contains(t, string(text), "--store=postgres://...", "what may be a password is told to nobody")
}
