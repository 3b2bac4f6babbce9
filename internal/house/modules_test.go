package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// widespread are modules that many programs require, at releases that were old when ours was new. goid, automemlimit and
// gostackparse are not among them: memacct needs those that it has.
var widespread = []string{
	"github.com/cespare/xxhash/v2 v2.2.0",
	"github.com/google/go-cmp v0.5.9",
	"github.com/google/uuid v1.3.1",
	"github.com/jackc/pgx/v5 v5.4.3",
	"github.com/klauspost/compress v1.17.0",
	"github.com/mattn/go-isatty v0.0.19",
	"github.com/prometheus/client_golang v1.17.0",
	"github.com/prometheus/common v0.44.0",
	"github.com/spf13/cobra v1.7.0",
	"github.com/stretchr/testify v1.8.4",
	"go.uber.org/goleak v1.2.1",
	"golang.org/x/mod v0.12.0",
	"golang.org/x/sync v0.3.0",
	"golang.org/x/sys v0.12.0",
	"golang.org/x/term v0.12.0",
	"golang.org/x/text v0.13.0",
	"golang.org/x/tools v0.13.0",
	"google.golang.org/protobuf v1.31.0",
	"gopkg.in/yaml.v3 v3.0.1",
	"modernc.org/sqlite v1.26.0",
}

// user is a program that imports what most do.
const user = `package main

import (
	_ "github.com/syncmem/syncmem/memacct"
	_ "github.com/syncmem/syncmem/memacct/debugpage"
	_ "github.com/syncmem/syncmem/memacct/record"
	_ "github.com/syncmem/syncmem/pipeline"
	_ "github.com/syncmem/syncmem/sizer"
)

func main() {}
`

// fresh makes a module that requires the widespread ones, and these of ours, and returns which versions are chosen.
func fresh(t *testing.T, ours ...string) (dir string, chosen []string) {
	t.Helper()
	dir = t.TempDir()
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	text := "module example.com/fresh\n\ngo 1.26.0\n\nrequire (\n\t" + strings.Join(widespread, "\n\t") + "\n)\n"
	for _, m := range ours {
		text += "\nrequire " + module + m + " v0.0.0\n"
	}
	for _, m := range modules(t) {
		m = strings.TrimPrefix(m, ".")
		text += "\nreplace " + module + m + " => " + filepath.ToSlash(top) + m + "\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(user), 0o600))
	for _, m := range inFresh(t, dir, "list", "-m", "-f", "{{.Path}} {{.Version}}", "all") { // for some alone not all is read
		path, _, _ := strings.Cut(m, "@")
		if slices.ContainsFunc(widespread, func(w string) bool { return strings.HasPrefix(w, path+" ") }) {
			chosen = append(chosen, m)
		}
	}
	return dir, chosen
}

// inFresh runs go in such a module, and returns the lines it prints.
func inFresh(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "@"))
}

// A program that imports us keeps the versions it has, and its go line; what our commands need would raise them.
func TestImportersAreRaisedNothing(t *testing.T) {
	_, before := fresh(t)
	dir, after := fresh(t, "")
	require.Equal(t, before, after)

	added := inFresh(t, dir, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	slices.Sort(added)
	require.Equal(t, []string{
		"example.com/fresh", "github.com/DataDog/gostackparse", "github.com/KimMachineGun/automemlimit",
		"github.com/pbnjay/memory", "github.com/petermattis/goid", module,
	}, slices.Compact(added), "what goes into its go.mod")
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	require.Contains(t, string(text), "\ngo 1.26.0\n")

	_, heavy := fresh(t, "/cmd")
	require.NotEqual(t, before, heavy, "or this test could not fail")
}

// The go lines of all our modules are one, and CI tries the release after it, too: the two that Go supports.
func TestOneGoVersion(t *testing.T) {
	const line = "\ngo 1.26.0\n"
	for _, m := range append(modules(t), "tools", "sizer/bench", "memacct/bench") {
		require.Contains(t, "\n"+read(t, m+"/go.mod"), line, m)
	}
	require.Contains(t, "\n"+read(t, "go.work"), line)
	require.Regexp(t, `(?m)^NEWEST\s+\?= go1\.27\.`, read(t, "Makefile"))
	require.Regexp(t, `(?m)^step newest `, read(t, ".ci/run"))
	require.Contains(t, read(t, "README.md"), "Go 1.26 and 1.27")
}
