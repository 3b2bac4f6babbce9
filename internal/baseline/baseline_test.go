package baseline

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// write makes a file below dir, with its folders.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// listOf is a written and read baseline of findings.
func listOf(t *testing.T, dir string, found ...Finding) *File {
	t.Helper()
	var all []*Entry
	for _, f := range found {
		all = append(all, EntryOf(f))
	}
	name := filepath.Join(dir, "memvet.baseline")
	require.NoError(t, Write(name, all))
	f, err := Read(name)
	require.NoError(t, err)
	require.Len(t, f.Entries, len(found))
	return f
}

func at(pkg, file, text string) Finding {
	return Finding{Check: "wholeread", Package: pkg, File: file, Text: text, Message: "m"}
}

func TestMatch(t *testing.T) {
	const read = "b := io.ReadAll(r)"
	for name, c := range map[string]struct {
		files map[string]string
		list  []Finding
		found []Finding
		want  []bool
	}{
		"moved lines and spaces": {
			list: []Finding{at("a", "a.go", read)}, found: []Finding{at("a", "a.go", "\tb  := io.ReadAll( r )")}, want: []bool{true},
		},
		"another text": {
			list: []Finding{at("a", "a.go", read)}, found: []Finding{at("a", "a.go", "c := io.ReadAll(r)")}, want: []bool{false},
		},
		"another check": {
			list: []Finding{at("a", "a.go", read)}, found: []Finding{{Check: "accumulate", Package: "a", File: "a.go", Text: read}}, want: []bool{false},
		},
		"one entry, two findings": {
			list: []Finding{at("a", "a.go", read)}, found: []Finding{at("a", "a.go", read), at("a", "a.go", read)}, want: []bool{true, false},
		},
		"a renamed file": {
			list: []Finding{at("a", "a.go", read)}, found: []Finding{at("a", "b.go", read)}, want: []bool{true},
		},
		"a file in another package": {
			list: []Finding{at("a", "a/a.go", read)}, found: []Finding{at("b", "b/a.go", read)}, want: []bool{true},
		},
		"a copy in the package": {
			files: map[string]string{"a.go": read},
			list:  []Finding{at("a", "a.go", read)}, found: []Finding{at("a", "b.go", read), at("a", "a.go", read)}, want: []bool{false, true},
		},
		"a copy elsewhere, seen alone": {
			files: map[string]string{"a/a.go": read},
			list:  []Finding{at("a", "a/a.go", read)}, found: []Finding{at("b", "b/a.go", read)}, want: []bool{false},
		},
		"one of two functions moved": {
			files: map[string]string{"a.go": "x\n" + read + "\n"},
			list:  []Finding{at("a", "a.go", read), at("a", "a.go", read)},
			found: []Finding{at("a", "a.go", read), at("a", "b.go", read)}, want: []bool{true, true},
		},
		"one of two moved, and a copy": {
			files: map[string]string{"a.go": "x\n" + read + "\n"},
			list:  []Finding{at("a", "a.go", read), at("a", "a.go", read)},
			found: []Finding{at("a", "a.go", read), at("a", "b.go", read), at("a", "c.go", read)}, want: []bool{true, true, false},
		},
		"one of two moved, seen from there": {
			files: map[string]string{"a.go": "x\n" + read + "\n"},
			list:  []Finding{at("a", "a.go", read), at("a", "a.go", read)},
			found: []Finding{at("b", "b/b.go", read), at("b", "b/b.go", read)}, want: []bool{true, false},
		},
		"repaired, the text stays, and a copy": {
			files: map[string]string{"a.go": read},
			list:  []Finding{at("a", "a.go", read)}, found: []Finding{at("b", "b.go", read)}, want: []bool{false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for f, text := range c.files {
				write(t, dir, f, text)
			}
			var have []bool
			seen := map[*Entry]bool{}
			for _, e := range listOf(t, dir, c.list...).Match(c.found) {
				have = append(have, e != nil)
				require.False(t, e != nil && seen[e], "one entry for two findings")
				seen[e] = true
			}
			require.Equal(t, c.want, have)
		})
	}
}

func TestWriteIsStable(t *testing.T) {
	dir := t.TempDir()
	a, b := at("a", "a.go", "x"), at("b", "b.go", "y")
	a.Message = "two\nlines\tand a tab"
	one := listOf(t, dir, a, b)
	two := listOf(t, dir, b, a)
	require.Equal(t, one.Data, two.Data)
	require.Equal(t, "two lines and a tab", one.Entries[0].Message)
	require.Equal(t, 2, one.Entries[0].Line)
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "-write-baseline")
	for _, row := range []string{"not hex\ta\tb\tc\td", "0123456789abcdef\ta\tb"} {
		write(t, dir, "bad", "# fine\n\n"+row+"\n")
		_, err = Read(filepath.Join(dir, "bad"))
		require.ErrorContains(t, err, "bad:3")
	}
}

// What -V=full sums up must hold every file that Find can answer with.
func TestSumHasWhatFindFinds(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	write(t, dir, ".git/HEAD", "")
	write(t, dir, "mod/go.mod", "module a\n")
	write(t, dir, "mod/p/p.go", "package p\n")
	pkg := filepath.Join(dir, "mod", "p")
	sum := func() string {
		var b bytes.Buffer
		require.NoError(t, Sum(&b, filepath.Join(dir, "mod")))
		return b.String()
	}
	last := sum()
	for _, place := range []string{"x.baseline", "mod/x.baseline"} { // the nearer one wins
		write(t, dir, place, "# 1\n")
		file, err := Find(pkg, "x.baseline")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, filepath.FromSlash(place)), file)
		one := sum()
		require.NotEqual(t, last, one)
		write(t, dir, place, "# 2\n")
		last = sum()
		require.NotEqual(t, one, last)
	}
	for _, name := range []string{"mod/x.baseline", "x.txt", filepath.Join(dir, "x.baseline")} {
		_, err := Find(pkg, name)
		require.ErrorContains(t, err, "named without its folder", name)
	}
	_, err = Find(pkg, "none.baseline")
	require.ErrorContains(t, err, "-write-baseline none.baseline")
	require.Equal(t, dir, Root(pkg))
}
