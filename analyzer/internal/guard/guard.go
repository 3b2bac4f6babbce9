// Package guard keeps a crash of one analysis inside the package it crashed on.
package guard

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Run calls f and turns a panic into one finding at the package clause.
// Stack overflow and running out of memory cannot be caught; the walks bound
// their depth instead.
func Run(pass *analysis.Pass, name string, f func()) {
	if msg := Catch(pass, name, f); msg != "" {
		Report(pass, msg)
	}
}

// Catch calls f and says what it panicked with, or "".
func Catch(pass *analysis.Pass, name string, f func()) (msg string) {
	defer func() {
		if v := recover(); v != nil {
			msg = fmt.Sprintf("memvet/%s: internal error on package %s, its findings are missing, the other packages are complete; please report: %v [%s]",
				name, pass.Pkg.Path(), v, where(string(debug.Stack())))
		}
	}()
	f()
	return ""
}

// Report reports a message at the package clause.
func Report(pass *analysis.Pass, msg string) {
	if len(pass.Files) > 0 {
		pass.Report(analysis.Diagnostic{
			Pos: pass.Files[0].Name.Pos(), End: pass.Files[0].Name.End(), Category: "internal", Message: msg,
		})
	}
}

// where picks the frame that panicked: the first of ours below panic itself.
func where(stack string) string {
	_, below, ok := strings.Cut(stack, "panic(")
	if !ok {
		below = stack
	}
	for line := range strings.Lines(below) {
		line = strings.TrimSpace(line)
		if file, _, ok := strings.Cut(line, " +0x"); ok && strings.Contains(file, ".go:") && !strings.Contains(file, "/runtime/") {
			return filepath.Base(file)
		}
	}
	return "unknown frame"
}
