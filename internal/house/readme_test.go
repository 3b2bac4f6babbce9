package house

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// input is so many bytes of lines of 99 bytes.
func input(bytes int) io.Reader {
	block := strings.Repeat(strings.Repeat("x", 99)+"\n", 1000)
	all := make([]io.Reader, bytes/len(block))
	for i := range all {
		all[i] = strings.NewReader(block)
	}
	return io.MultiReader(all...)
}

// The program of the README holds at five times its limit, and ends with the error shown where it keeps what it reads.
func TestTheProgramOfTheReadmeDoesWhatItSays(t *testing.T) {
	readme := read(t, "README.md")
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindStringSubmatch(readme)
	require.NotNil(t, program)
	shown := regexp.MustCompile("(?m)^memacct: import/lines: a unit of 112 B does not fit").FindString(readme)
	require.NotEmpty(t, shown)
	run := func(name, text string, in io.Reader) (string, error) {
		dir, err := os.MkdirTemp(filepath.Join(root, "internal", "house"), "testdata-readme-")
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600))
		out, err := exec.Command("go", "vet", "./"+filepath.Base(dir)).CombinedOutput()
		require.NoError(t, err, string(out))
		binary := filepath.Join(t.TempDir(), name)
		out, err = exec.Command("go", "build", "-o", binary, "./"+filepath.Base(dir)).CombinedOutput()
		require.NoError(t, err, string(out))
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), "GOMEMLIMIT=64MiB")
		cmd.Stdin = in
		out, err = cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("streams", program[1], input(320<<20))
	require.NoError(t, err, out)
	keeps := strings.Replace(strings.Replace(program[1], "use(line)", "kept = append(kept, line)", 1), "func use([]byte) {}", "var kept [][]byte", 1)
	out, err = run("keeps", keeps, input(320<<20))
	require.Error(t, err)
	require.Contains(t, out, shown)
	require.Contains(t, out, "raise the process limit (GOMEMLIMIT)")
	require.Contains(t, out, "main.main.func1 main.go:")
}
