package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// walk calls fn for every file of the repository with that ending, leaving out what is hidden, and fixtures.
func walk(t *testing.T, ending string, fn func(path string)) {
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		hidden := strings.HasPrefix(d.Name(), ".") && path != root
		switch {
		case err != nil:
			return err
		case d.IsDir() && (hidden || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "scratch"):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, ending):
			fn(path)
		}
		return nil
	}))
}

// staticcheck looks at the form of the comments there are; this finds those that are not.
func TestWhatIsExportedIsDocumented(t *testing.T) {
	walk(t, ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(filepath.ToSlash(path), "/internal/") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		if file.Name.Name == "main" {
			return
		}
		for _, decl := range file.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no doc comment", fset.Position(name.Pos()), name.Name)
			}
		}
	})
}

// undocumented returns the exported names of a declaration without a comment of their own or of their group.
func undocumented(decl ast.Decl) (names []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && ofExported(d.Recv) {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		if d.Doc != nil && d.Tok != token.TYPE {
			return nil
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Doc == nil && d.Doc == nil {
					names = append(names, s.Name)
				}
			case *ast.ValueSpec:
				if s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names...)
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(n *ast.Ident) bool { return !n.IsExported() })
}

// ofExported reports whether a function has no receiver, or one of an exported type.
func ofExported(recv *ast.FieldList) bool {
	if recv == nil {
		return true
	}
	typ := recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr: // one type parameter
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

func TestUndocumentedIsFound(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "a.go", `package a
func Bad() {}
// Good is.
func Good() {}
type T struct{}
func (*T) Bad2() {}
func (*T[K, V]) Bad3() {}
func (*t[T]) Fine() {}
const Bad4 = 1
const (
	Fine2 = 1 // is commented
)
`, parser.ParseComments)
	require.NoError(t, err)
	var got []string
	for _, d := range file.Decls {
		for _, n := range undocumented(d) {
			got = append(got, n.Name)
		}
	}
	require.Equal(t, []string{"Bad", "T", "Bad2", "Bad3", "Bad4"}, got)
}

// read is a file of the repository as text.
func read(t *testing.T, path string) string {
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)|(?:src|srcset)="([^"]+)"`)
	walk(t, ".md", func(path string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(path), to))
			require.NoError(t, err, "link in %s", path)
		}
	})
}

// The README promises commands and settings; both must be what the code has.
func TestReadmeIsTrue(t *testing.T) {
	readme := read(t, "README.md")
	_, recipe, _ := strings.Cut(read(t, "Makefile"), "\ntest:")
	command := strings.Split(recipe, "\n")[1]
	require.Contains(t, readme, "\n"+strings.ReplaceAll(strings.TrimSpace(command), "$(GO)", "go")+"\n", "make test is the README's command")
	require.Contains(t, readme, "\ngo run ./cmd/syncbench run\n")

	setting := regexp.MustCompile(`MEMACCT_[A-Z]+`)
	in := func(text string) []string {
		all := setting.FindAllString(text, -1)
		slices.Sort(all)
		return slices.Compact(all)
	}
	require.Equal(t, in(read(t, "memacct/config.go")+read(t, "memacct/record/env.go")), in(read(t, "docs/operating.md")), "the settings told are those that are read")
}
