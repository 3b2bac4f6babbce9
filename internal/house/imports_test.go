package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/syncmem/syncmem"

// rooms says what the packages below a path may import themselves, beside the standard library and their own
// room. The longest path that fits a package counts. A path of this module starts with a slash; a * allows
// everything.
var rooms = map[string][]string{
	"/sizer":          {},
	"/memacct":        {"/internal", "github.com/KimMachineGun/automemlimit", "github.com/DataDog/gostackparse", "github.com/petermattis/goid"},
	"/memacct/record": {"/memacct", "/internal"},
	// In packages of their own, so that who imports memacct gets neither an HTTP server nor Prometheus.
	"/memacct/memprom":   {"/memacct", "github.com/prometheus/client_golang"},
	"/memacct/debugpage": {"/memacct", "/internal"},

	"/contentmodel":                  {"/internal"},
	"/contentmodel/artifact":         {"/contentmodel", "/internal", "github.com/cenkalti/backoff/v5"},
	"/contentmodel/internal/outfile": {"/contentmodel", "github.com/klauspost/compress"},
	"/contentmodel/source":           {"/contentmodel", "github.com/klauspost/compress", "github.com/pierrec/lz4/v4", "github.com/ulikunitz/xz"},
	"/contentmodel/internal/xmlread": {"/contentmodel", "github.com/orisano/gosax"},
	"/contentmodel/store/sqlite":     {"/contentmodel", "modernc.org/sqlite"},
	"/contentmodel/store/postgres":   {"/contentmodel", "github.com/jackc/pgx/v5"},
	"/contentmodel/store/storetest":  {"/contentmodel", "github.com/stretchr/testify", "github.com/google/go-cmp", "pgregory.net/rapid"},

	"/pipeline":        {"/memacct", "/internal"},
	"/pipeline/stages": {"/pipeline", "/memacct", "/contentmodel"},

	"/analyzer":                    {"/internal", "golang.org/x/tools"},
	"/analyzer/internal/checktest": {"/analyzer", "golang.org/x/tools", "github.com/stretchr/testify"}, // tests only

	"/integrations/river":                   {"/memacct", "/internal", "github.com/jackc/pgx/v5", "github.com/riverqueue/river/rivertype"},
	"/integrations/river/internal/admit":    {}, // pure: it decides, and does nothing
	"/integrations/river/internal/fleetsim": {"/integrations/river/internal/admit", "/internal"},

	"/internal":               {"/internal", "golang.org/x/sys"},
	"/internal/synth":         {"/internal", "/contentmodel"},
	"/internal/synth/keeping": {"/memacct", "github.com/KimMachineGun/automemlimit"}, // a whole program
	"/internal/wall2/found":   {"/memacct", "golang.org/x/sys"},                      // a whole program

	"/cmd/memvet":          {"/analyzer", "/internal", "golang.org/x/tools"},
	"/cmd/memvet/golangci": {"/analyzer", "golang.org/x/tools", "github.com/golangci/plugin-module-register"},
	"/cmd":                 {"*"},
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// room is the entry of rooms for a package: the longest path that fits.
func room(pkg string) (dir string, ok bool) {
	for d := range rooms {
		if within(pkg, module+d) && len(d) >= len(dir) {
			dir, ok = d, true
		}
	}
	return dir, ok
}

func allowed(dir, imported string) bool {
	return slices.ContainsFunc(append(rooms[dir], dir), func(a string) bool {
		if strings.HasPrefix(a, "/") {
			a = module + a
		}
		return a == "*" || within(imported, a)
	})
}

func TestArrowsPointDown(t *testing.T) {
	foreign := func(path string) bool { return strings.Contains(strings.Split(path, "/")[0], ".") }
	var all []string
	for _, m := range modules(t) {
		all = append(all, goListIn(t, m, "", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")...)
	}
	for _, line := range all {
		imports := strings.Fields(line)
		dir, ok := room(imports[0])
		if !ok {
			t.Errorf("%s is in no room: say in rooms what it may import", imports[0])
			continue
		}
		for _, i := range imports[1:] {
			if foreign(i) && !allowed(dir, i) {
				t.Errorf("%s imports %s, which %s may not", imports[0], i, dir)
			}
		}
	}
}

// light lists what an importer of a package gets from outside the standard library, all in all.
var light = map[string][]string{
	"/sizer":          {},
	"/contentmodel":   {},
	"/memacct":        {"github.com/KimMachineGun/automemlimit", "github.com/pbnjay/memory", "github.com/DataDog/gostackparse", "github.com/petermattis/goid"},
	"/memacct/record": {"github.com/KimMachineGun/automemlimit", "github.com/pbnjay/memory", "github.com/DataDog/gostackparse", "github.com/petermattis/goid"},
	"/pipeline":       {"github.com/KimMachineGun/automemlimit", "github.com/pbnjay/memory", "github.com/DataDog/gostackparse", "github.com/petermattis/goid"},
}

// heavy are parts of the standard library that make a program larger for everyone who imports us.
var heavy = []string{"net/http", "database/sql", "html/template", "text/template", "flag", "go/ast", "testing"}

func TestImportersStayLight(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for dir, modules := range light {
			modules = append([]string{module}, modules...)
			for _, line := range goList(t, goos, "-deps", "-f", "{{.Standard}} {{.ImportPath}}", "."+dir) {
				std, path, _ := strings.Cut(line, " ")
				if std == "true" {
					require.NotContains(t, heavy, path, "%s on %s", dir, goos)
				} else if !slices.ContainsFunc(modules, func(m string) bool { return within(path, m) }) {
					t.Errorf("%s on %s pulls in %s", dir, goos, path)
				}
			}
		}
	}
}

// Who requires our module gets its requirements too; the tools we develop with must not be among them.
func TestToolsStayOutOfTheModule(t *testing.T) {
	for _, line := range goList(t, "", "-m", "all") {
		path, _, _ := strings.Cut(line, " ")
		for _, tool := range []string{"mvdan.cc/gofumpt", "honnef.co/go/tools", "golang.org/x/perf"} {
			require.NotEqual(t, tool, path, "it belongs into tools/go.mod")
		}
	}
}

// modules are the folders of the modules that go.work names, from the root of the repository.
func modules(t *testing.T) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+)$`).FindAllStringSubmatch(read(t, "go.work"), -1) {
		all = append(all, m[1])
	}
	require.Contains(t, all, ".")
	return all
}

// goList is go list at the root of the repository.
func goList(t *testing.T, goos string, args ...string) []string {
	t.Helper()
	return goListIn(t, ".", goos, args...)
}

// goListIn is go list in a folder of the repository, for its module alone.
func goListIn(t *testing.T, dir, goos string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = filepath.Join(root, dir)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if goos != "" {
		cmd.Env = append(cmd.Env, "GOOS="+goos, "CGO_ENABLED=0")
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
