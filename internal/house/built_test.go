package house

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A commit of everything takes along what a build left behind, and then every clone has it: what is no source is to be
// ignored by its name.
func TestNoProgramAmongTheSources(t *testing.T) {
	ignored := strings.Fields(read(t, ".gitignore"))
	n := 0
	walk(t, "", func(path string) {
		n++
		if isProgram(t, path) && !slices.ContainsFunc(ignored, func(pattern string) bool {
			is, _ := filepath.Match(strings.TrimPrefix(pattern, "/"), filepath.Base(path))
			return is
		}) {
			t.Errorf("%s is a program: remove it, and have .gitignore name it", path)
		}
	})
	require.Greater(t, n, 500, "the files were found")
}

// isProgram reports whether a file is a program for Linux, Windows or macOS.
func isProgram(t *testing.T, path string) bool {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	begin := make([]byte, 4)
	n, _ := f.Read(begin)
	return slices.Contains([]string{"\x7fELF", "MZ\x90\x00", "\xcf\xfa\xed\xfe"}, string(begin[:n]))
}
