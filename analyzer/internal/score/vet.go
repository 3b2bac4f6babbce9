package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// finding is one line of memvet's, with the function it is in.
type finding struct {
	repo, file, check, message, fn string
	line                           int
	doubt                          string // why it is of low confidence, or ""
}

// sureOf are the findings of the default mode.
func sureOf(found []finding) []finding {
	var sure []finding
	for _, f := range found {
		if f.doubt == "" {
			sure = append(sure, f)
		}
	}
	return sure
}

// String is the finding on one line.
func (f finding) String() string {
	return fmt.Sprintf("%s %s:%d %s %s", f.repo, f.file, f.line, f.fn, f.message)
}

// buildTool builds memvet with a Go toolchain, unless a binary was named.
func buildTool(name, toolchain string) (string, func(), error) {
	if name != "" {
		abs, err := filepath.Abs(name)
		return abs, func() {}, err
	}
	dir, err := os.MkdirTemp("", "memvet-score")
	if err != nil {
		return "", nil, err
	}
	name = filepath.Join(dir, "memvet")
	cmd := exec.Command("go", "build", "-o", name, "github.com/syncmem/syncmem/cmd/memvet")
	cmd.Stderr, cmd.Env = os.Stderr, env(toolchain)
	return name, func() { os.RemoveAll(dir) }, cmd.Run()
}

// env is the environment of a command that uses a Go toolchain, "" for the one
// there is.
func env(toolchain string) []string {
	if toolchain == "" {
		return nil
	}
	return append(os.Environ(), "GOTOOLCHAIN="+toolchain)
}

// runOf is one run of memvet over one repository.
type runOf struct {
	repo, dir, toolchain string
	args                 []string
}

// vet runs memvet in the checkout. Packages that do not build are named on
// stderr and the others still count.
func (r runOf) vet(tool string) ([]finding, error) {
	repo, dir := r.repo, r.dir
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return nil, fmt.Errorf("no checkout of %s: %w", repo, err)
	}
	cmd := exec.Command(tool, r.args...)
	cmd.Dir, cmd.Env = dir, env(r.toolchain)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && out.Len() == 0 {
		return nil, fmt.Errorf("%s: %w\n%s", repo, err, errs.String())
	}
	if errs.Len() > 0 {
		fmt.Fprintf(os.Stderr, "%s:\n%s", repo, errs.String())
	}
	var report struct {
		Findings []struct {
			Check, File, Message string
			Line                 int
			Related              []struct {
				File, Message string
				Line          int
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		return nil, fmt.Errorf("%s: %w", repo, err)
	}
	var all []finding
	for _, f := range report.Findings {
		abs := absolute(dir, f.File)
		_, doubt, _ := strings.Cut(f.Message, "; low confidence: ")
		one := finding{repo: repo, file: inside(dir, abs), check: f.Check, message: f.Message, line: f.Line, fn: funcAt(abs, f.Line), doubt: doubt}
		all = append(all, one)
		for _, r := range f.Related { // one read that several functions reach is one finding, which names them
			if strings.Contains(r.Message, " reaches it, too") {
				abs = absolute(dir, r.File)
				one.file, one.line, one.fn = inside(dir, abs), r.Line, funcAt(abs, r.Line)
				all = append(all, one)
			}
		}
	}
	return all, nil
}

// absolute is the path of a file that memvet named when it ran in dir.
func absolute(dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}

// inside is the path as labels have it: from the checkout, with slashes.
func inside(dir, abs string) string {
	rel, err := filepath.Rel(dir, abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		rel = abs
	}
	return filepath.ToSlash(rel)
}

// funcAt is the name of the function around a line, as the labels write it.
func funcAt(file string, line int) string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	for _, d := range f.Decls {
		fd, ok := d.(*ast.FuncDecl)
		if !ok || line < fset.Position(fd.Pos()).Line || line > fset.Position(fd.End()).Line {
			continue
		}
		if fd.Recv != nil && len(fd.Recv.List) > 0 {
			return types.ExprString(fd.Recv.List[0].Type) + "." + fd.Name.Name
		}
		return fd.Name.Name
	}
	return ""
}
