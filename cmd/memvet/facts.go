package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Facts do not depend on the baseline, but go vet's cache can't know: what
// -V=full prints has the baseline's content in it, and that is the key of every
// package and of all they import. So an edited baseline would analyze hundreds of
// dependencies anew. For them memvet keeps the facts itself, under a key without
// the baseline.

// factsInner is set where memvet calls itself to compute the facts it will keep.
const factsInner = "MEMVET_FACTS"

// keepDays is how long facts that nobody asks for are kept.
const keepDays = 5

// unit is what of go vet's config of a package decides what its facts are.
type unit struct {
	ID, Compiler, ImportPath, GoVersion string
	GoFiles                             []string
	ModulePath, ModuleVersion           string
	ImportMap, PackageFile, PackageVetx map[string]string
	Standard                            map[string]bool
	VetxOnly                            bool
	VetxOutput                          string
	SucceedOnTypecheckFailure           bool
	Module                              json.RawMessage
}

// keptFacts answers a call of the go command for the facts of a dependency, with
// the code to exit with. It is false where the call is of another kind, or where
// nothing can be kept: then the usual way is taken, which says what is wrong.
func keptFacts(args []string) (code int, done bool) {
	if os.Getenv(factsInner) != "" || !slices.ContainsFunc(args, isBaseline) {
		return 0, false
	}
	u, err := readUnit(args[len(args)-1])
	if err != nil || !u.VetxOnly {
		return 0, false
	}
	dir, err := factsDir()
	if err != nil {
		return 0, false
	}
	key, err := u.key(args)
	if err != nil {
		return 0, false
	}
	kept := filepath.Join(dir, key)
	if data, ok := recall(kept); ok && os.WriteFile(u.VetxOutput, data, 0o666) == nil {
		return 0, true
	}
	code = callSelf(args)
	if data, err := os.ReadFile(u.VetxOutput); err == nil && code == 0 {
		keep(kept, data)
	}
	return code, true
}

func isBaseline(arg string) bool {
	name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return (name == "baseline" || name == "firststage.baseline") && value != ""
}

func readUnit(name string) (*unit, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	u := new(unit)
	return u, json.Unmarshal(data, u)
}

// key is a hash of this program, its flags but the baseline, the unit, and the
// content of all its files.
func (u *unit) key(args []string) (string, error) {
	sum := sha256.New()
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "%s %d %d\n", self, info.Size(), info.ModTime().UnixNano())
	flags := slices.DeleteFunc(slices.Clone(args[:len(args)-1]), isBaseline)
	fmt.Fprintf(sum, "%q %q %q %q %q %q %q %s %v %v\n", flags, u.ID, u.Compiler, u.ImportPath, u.GoVersion,
		u.ModulePath, u.ModuleVersion, u.Module, u.SucceedOnTypecheckFailure, u.Standard[u.ImportPath])
	for _, from := range slices.Sorted(maps.Keys(u.ImportMap)) {
		fmt.Fprintf(sum, "import %q %q\n", from, u.ImportMap[from])
	}
	for _, name := range u.GoFiles {
		fmt.Fprintf(sum, "file %q\n", name) // facts name files
		if err := addContent(sum, name); err != nil {
			return "", err
		}
	}
	for i, files := range []map[string]string{u.PackageFile, u.PackageVetx} {
		for _, pkg := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(sum, "package %d %q\n", i, pkg)
			if err := addContent(sum, files[pkg]); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hashed are files of the go command's cache, which are named after their content.
var hashed = regexp.MustCompile(`^[0-9a-f]{64}-d$`)

func addContent(w io.Writer, name string) error {
	if base := filepath.Base(name); hashed.MatchString(base) {
		fmt.Fprintln(w, base)
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(w, f)
	fmt.Fprintln(w, n)
	return err
}

// callSelf computes the facts the usual way, in a process of its own: unitchecker
// ends the one it runs in.
func callSelf(args []string) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "memvet: cannot find my own binary:", err)
		return exitFailed
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), factsInner+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "memvet: cannot call myself:", err)
		return exitFailed
	}
	return cmd.ProcessState.ExitCode()
}

func factsDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "memvet", "facts"), nil
}

// keep stores facts behind their hash; that they could not be kept harms nobody.
func keep(name string, data []byte) {
	if os.MkdirAll(filepath.Dir(name), 0o777) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(name), "new-*")
	if err != nil {
		return
	}
	sum := sha256.Sum256(data)
	_, err = f.Write(append(sum[:], data...))
	if f.Close() != nil || err != nil || os.Rename(f.Name(), name) != nil {
		os.Remove(f.Name())
	}
}

// recall returns kept facts, where they are there and whole, and notes once a day
// that somebody asked for them.
func recall(name string) ([]byte, bool) {
	data, err := os.ReadFile(name)
	if err != nil || len(data) < sha256.Size {
		return nil, false
	}
	if sum := sha256.Sum256(data[sha256.Size:]); !bytes.Equal(sum[:], data[:sha256.Size]) {
		return nil, false
	}
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
		now := time.Now()
		os.Chtimes(name, now, now)
	}
	return data[sha256.Size:], true
}

// dropOldFacts removes the facts that nobody asked for in keepDays.
func dropOldFacts() {
	dir, err := factsDir()
	if err != nil {
		return
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > keepDays*24*time.Hour {
			os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}
