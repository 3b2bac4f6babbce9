package main

import (
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

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
