package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// unitIn writes the config of a dependency with one file, and returns the
// arguments that go vet would call memvet with.
func unitIn(t *testing.T, dir, src string, change func(*unit)) []string {
	t.Helper()
	file := filepath.Join(dir, "a.go")
	require.NoError(t, os.WriteFile(file, []byte(src), 0o600))
	u := &unit{ImportPath: "a", GoFiles: []string{file}, VetxOnly: true, VetxOutput: filepath.Join(dir, "vet.out")}
	if change != nil {
		change(u)
	}
	data, err := json.Marshal(u)
	require.NoError(t, err)
	cfg := filepath.Join(dir, "vet.cfg")
	require.NoError(t, os.WriteFile(cfg, data, 0o600))
	return []string{"-baseline=memvet.baseline", "-wholeread.x=1", cfg}
}

func TestKeptFactsAreUsed(t *testing.T) {
	for _, env := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(env, t.TempDir())
	}
	dir := t.TempDir()
	args := unitIn(t, dir, "package a", nil)
	u, err := readUnit(args[len(args)-1])
	require.NoError(t, err)
	key, err := u.key(args)
	require.NoError(t, err)
	facts, err := factsDir()
	require.NoError(t, err)
	keep(filepath.Join(facts, key), []byte("facts of a"))

	args[0] = "-baseline=other.baseline"
	code, done := keptFacts(args)
	require.True(t, done)
	require.Zero(t, code)
	data, err := os.ReadFile(filepath.Join(dir, "vet.out"))
	require.NoError(t, err)
	require.Equal(t, "facts of a", string(data))

	_, done = keptFacts(args[1:])
	require.False(t, done, "without a baseline go vet's own cache is enough")
	_, done = keptFacts(unitIn(t, dir, "package a", func(u *unit) { u.VetxOnly = false }))
	require.False(t, done, "a package that is reported on")
}

func TestKeyOfFacts(t *testing.T) {
	dir := t.TempDir()
	imported := filepath.Join(dir, "b.vetx")
	require.NoError(t, os.WriteFile(imported, []byte("b"), 0o600))
	key := func(src string, flag string, change func(*unit)) string {
		args := unitIn(t, dir, src, change)
		args[1] = flag
		u, err := readUnit(args[len(args)-1])
		require.NoError(t, err)
		k, err := u.key(args)
		require.NoError(t, err)
		return k
	}
	withB := func(u *unit) { u.PackageVetx = map[string]string{"b": imported} }
	first := key("package a", "-x=1", nil)
	require.Equal(t, first, key("package a", "-x=1", nil))
	seen := map[string]bool{first: true}
	for _, k := range []string{
		key("package a // changed", "-x=1", nil),
		key("package a", "-x=2", nil),
		key("package a", "-x=1", withB),
		key("package a", "-x=1", func(u *unit) { u.GoVersion = "go1.26" }),
		key("package a", "-x=1", func(u *unit) { u.PackageFile = map[string]string{"b": imported} }),
	} {
		require.False(t, seen[k])
		seen[k] = true
	}
	require.NoError(t, os.WriteFile(imported, []byte("c"), 0o600))
	require.False(t, seen[key("package a", "-x=1", withB)], "facts of what it imports")
}
