package analyzer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer"
)

func TestSuiteIsValid(t *testing.T) {
	require.NoError(t, analysis.Validate(analyzer.All()))
	for i, a := range analyzer.All()[:len(analyzer.Docs())] {
		require.Equal(t, analyzer.Docs()[i].Name, a.Name, "All and Docs are in one order")
	}
}

// worst are generated packages that are larger, deeper or odder than anybody
// writes, each with one hazard that must still be found.
var worst = map[string]func() string{
	"nested": func() string {
		return repeat(400, func(int) string { return "if r != nil {\n" }) + "read(r)" + strings.Repeat("}", 400)
	},
	"literals": func() string { return strings.Repeat("func() {\n", 150) + "read(r)" + strings.Repeat("}()\n", 150) },
	"expression": func() string {
		return "x := " + strings.Repeat("(1 + ", 2000) + "1" + strings.Repeat(")", 2000) + "\n_ = x\nread(r)"
	},
	"reassigned": func() string { return "q := r\n" + repeat(3000, func(i int) string { return "q = r\n" }) + "read(q)" },
	"appends": func() string {
		return "var l []int\n" + repeat(3000, func(i int) string { return fmt.Sprintf("l = append(l, %d)\n", i) }) + "_ = l\nread(r)"
	},
	"reads": func() string {
		return repeat(300, func(int) string { return "io.ReadAll(io.LimitReader(r, 1))\n" }) + "read(r)"
	},
	"branches": func() string {
		return "n := 0\n" + repeat(300, func(i int) string { return fmt.Sprintf("if n == %d { n++ } else ", i) }) + "{ n = 0 }\nread(r)"
	},
}

func repeat(n int, f func(int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}

func TestWorstCases(t *testing.T) {
	var src strings.Builder
	src.WriteString("package p\n\nimport \"io\"\n\nfunc use([]byte) {}\n\n" + chain(500))
	for name, body := range worst {
		fmt.Fprintf(&src, "\n//memvet:firststage\nfunc %s(r io.Reader) {\n%s\n}\n", name, found.ReplaceAllString(body(),
			"b, _ := io.ReadAll($1); use(b) // want `wholeread: io.ReadAll`\n"))
	}
	src.WriteString("\n//memvet:firststage\nfunc chained(r io.Reader) {\n\tb, _ := slurp0(r); use(b) // want `wholeread: p.slurp0 > .* > io.ReadAll`\n}\n")
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "src", "p"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "p", "p.go"), []byte(src.String()), 0o644))
	for _, a := range analyzer.All() {
		switch a.Name {
		case "wholeread":
			analysistest.Run(t, dir, a, "p")
		case "directive": // runs all the others first
			analysistest.Run(silent{t}, dir, a, "p")
		}
	}
}

var found = regexp.MustCompile(`read\((.)\)`)

// chain is n helpers that each call the next.
func chain(n int) string {
	return repeat(n, func(i int) string {
		return fmt.Sprintf("func slurp%d(r io.Reader) ([]byte, error) { return slurp%d(r) }\n", i, i+1)
	}) + fmt.Sprintf("func slurp%d(r io.Reader) ([]byte, error) { return io.ReadAll(r) }\n", n)
}

// silent drops the complaint that another check's finding is missing.
type silent struct{ t *testing.T }

func (s silent) Errorf(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !strings.Contains(text, "no diagnostic was reported") {
		s.t.Error(text)
	}
}
