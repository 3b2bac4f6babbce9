package baseline

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ext is how the name of a baseline ends that go vet's tool is given: files of
// that name are part of the key under which go vet caches.
const ext = ".baseline"

// Find is the baseline of a name for the packages in dir, when the go command
// runs memvet: there a name is looked for in the folder of the workspace or the
// module, and then in that of the repository. Elsewhere it could change without
// go vet noticing, as vet's cache is asked before the tool can be.
func Find(dir, name string) (string, error) {
	if filepath.Base(name) != name || !strings.HasSuffix(name, ext) {
		return "", fmt.Errorf("with go vet a baseline is named without its folder and ends in %s, as in -baseline=memvet%s, and lies beside go.mod, go.work or .git", ext, ext)
	}
	for _, d := range homes(dir) {
		if file := filepath.Join(d, name); exists(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("no baseline %s beside go.mod, go.work or .git of %s; make one there with memvet -write-baseline %s", name, dir, name)
}

// Sum writes the name and the content of every baseline that packages in dir may
// be given, for the key of a cache.
func Sum(w io.Writer, dir string) error {
	for _, d := range homes(dir) {
		names, err := filepath.Glob(filepath.Join(d, "*"+ext))
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s %d\n%s", name, len(data), data)
		}
	}
	return nil
}

// homes are the folders where a baseline may lie for packages in dir.
func homes(dir string) []string {
	home := above(dir, "go.work")
	if home == "" {
		home = above(dir, "go.mod")
	}
	all := []string{home, above(dir, ".git")}
	return slices.Compact(slices.DeleteFunc(all, func(s string) bool { return s == "" }))
}

// Root is the folder of the repository that dir is in; without one that of the
// module, or dir itself.
func Root(dir string) string {
	for _, mark := range []string{".git", "go.work", "go.mod"} {
		if root := above(dir, mark); root != "" {
			return root
		}
	}
	return dir
}

// above is the first folder from dir upwards that has an entry of a name, or "".
func above(dir, name string) string {
	for {
		if exists(filepath.Join(dir, name)) {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
