package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// The scripts run the command itself, and hand it to the go command as a vet
// tool, so the test binary must be able to be it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"memvet": main})
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules with the go command")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			return setup(t, env)
		},
	})
}

// setup gives the scripts the go command, a cache they share, and the path of
// memvet for -vettool.
func setup(t *testing.T, env *testscript.Env) error {
	tool, err := exec.LookPath("memvet")
	if err != nil {
		return err
	}
	env.Setenv("MEMVET", tool)
	for _, name := range []string{"GOROOT", "GOCACHE", "GOMODCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		env.Setenv(name, strings.TrimSpace(string(out)))
	}
	env.Setenv("GOFLAGS", "")
	env.Setenv("GOPROXY", "off")
	return nil
}

func TestPosition(t *testing.T) {
	for in, want := range map[string]struct {
		file      string
		line, col int
	}{
		"/a/b.go:12:3":     {"/a/b.go", 12, 3},
		`C:\a\b.go:12:3`:   {`C:\a\b.go`, 12, 3},
		"-":                {"-", 0, 0},
		"/odd:name.go:7:1": {"/odd:name.go", 7, 1},
	} {
		file, line, col := position(in)
		require.Equal(t, want.line, line, in)
		require.Equal(t, want.col, col, in)
		if filepath.IsAbs(want.file) || !strings.Contains(want.file, ":") {
			require.True(t, strings.HasSuffix(file, filepath.Base(want.file)), "%s: %s", in, file)
		}
	}
}

func TestFingerprintsSurviveMovedLines(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.go")
	print := func(src string, lines ...int) []string {
		require.NoError(t, os.WriteFile(file, []byte(src), 0o644))
		var found []Finding
		for _, n := range lines {
			found = append(found, Finding{Check: "wholeread", Package: "a", path: file, Line: n})
		}
		fingerprint(found)
		var all []string
		for _, f := range found {
			all = append(all, f.Fingerprint)
		}
		return all
	}
	before := print("x := 1\nread()\nread()\n", 2, 3)
	require.NotEqual(t, before[0], before[1], "two equal lines are two findings")
	require.Equal(t, before, print("\n\n\nx := 1\n\tread()\n  read( )\n", 5, 6))
	require.NotEqual(t, before[0], print("other()\n", 1)[0])
}
