package main

import (
	"crypto/sha256"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/syncmem/syncmem/internal/baseline"
)

// wholeRun is set in the environment of go vet when memvet started it: then the
// baseline is matched afterwards, and what go vet caches does not depend on it.
const wholeRun = "MEMVET_WHOLE_RUN"

// printVersion answers the go command's -V=full: what it prints is part of the
// key under which go vet caches. So beside the program it names the baselines
// that packages in the working folder may be given: their names come in a flag,
// which is in the key, and their content nowhere else.
func printVersion(stdout, stderr io.Writer) int {
	sum := sha256.New()
	err := func() error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		f, err := os.Open(self)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(sum, f); err != nil {
			return err
		}
		wd, err := os.Getwd()
		if err != nil || os.Getenv(wholeRun) != "" {
			return err
		}
		return baseline.Sum(sum, wd)
	}()
	if err != nil {
		fmt.Fprintln(stderr, "memvet: cannot tell my own version:", err)
		return exitFailed
	}
	fmt.Fprintf(stdout, "%s version devel buildID=%x\n", filepath.Base(os.Args[0]), sum.Sum(nil))
	return exitClean
}

// exitIfTooOld ends the program with one line when it can read no package.
func exitIfTooOld() {
	if old := tooOld(); old != "" {
		fmt.Fprintln(os.Stderr, old)
		os.Exit(exitFailed)
	}
}

// tooOld says what to do when the go command is newer than the Go that memvet
// was built with, or "": then memvet could not read what the compiler wrote of
// any package, and would fail once for each.
func tooOld() string {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return "" // whatever is wrong with the go command, it says so itself
	}
	return rebuild(runtime.Version(), strings.TrimSpace(string(out)))
}

// rebuild compares the releases of two Go versions, as of go1.26.8: a minor
// release changes nothing that memvet reads.
func rebuild(built, used string) string {
	have, need := version.Lang(release(built)), version.Lang(release(used))
	if have == "" || version.Compare(need, have) <= 0 {
		return "" // a development version has no number to compare
	}
	return fmt.Sprintf("memvet: rebuild memvet with %s or later: it was built with %s and can't read packages of %s",
		strings.Replace(need, "go", "Go ", 1), built, used)
}

// release is the version without what a vendor or an experiment adds to it.
func release(v string) string {
	v, _, _ = strings.Cut(v, " ")
	v, _, _ = strings.Cut(v, "-")
	return v
}
