// Package comment reads the //memvet: directives of source files.
package comment

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// Prefix starts every directive, as //go: starts the compiler's.
const Prefix = "//memvet:"

// The verbs a directive may have.
const (
	Ignore        = "ignore"        // //memvet:ignore CHECK reason
	FirstStage    = "firststage"    // on a func, method or interface method
	NotFirstStage = "notfirststage" // the same, with a reason
	Limiter       = "limiter"       // on a func or type that bounds what it reads
)

// Directive is one //memvet: comment.
type Directive struct {
	Pos, End token.Pos
	Verb     string
	Check    string // of an ignore
	Reason   string
	File     string
	Line     int    // the line the comment is on
	OwnLine  bool   // nothing but the comment is on that line: it covers the next
	Problem  string // why it is malformed, with the remedy; "" when fine
}

// Parse reads every directive of the files, in order of position. Whether what an
// ignore names is a check it can't tell.
func Parse(fset *token.FileSet, files []*ast.File) []*Directive {
	var all []*Directive
	for _, f := range files {
		var code map[int]bool // built only for files that have a directive
		for _, group := range f.Comments {
			for _, c := range group.List {
				if !strings.HasPrefix(c.Text, Prefix) {
					continue
				}
				if code == nil {
					code = codeLines(fset, f)
				}
				all = append(all, parseOne(fset, c, code))
			}
		}
	}
	return all
}

func parseOne(fset *token.FileSet, c *ast.Comment, code map[int]bool) *Directive {
	p := fset.Position(c.Pos())
	d := &Directive{Pos: c.Pos(), End: c.End(), File: p.Filename, Line: p.Line, OwnLine: !code[p.Line]}
	text := strings.TrimPrefix(c.Text, Prefix)
	// A comment inside the comment ends the directive, so that tests can say
	// what they expect of the line.
	text, _, _ = strings.Cut(text, "//")
	verb, rest, _ := strings.Cut(text, " ")
	d.Verb, rest = strings.TrimSpace(verb), strings.TrimSpace(rest)
	switch d.Verb {
	case Ignore:
		name, reason, _ := strings.Cut(rest, " ")
		d.Check, d.Reason = name, strings.TrimSpace(reason)
		switch {
		case name == "":
			d.Problem = "names no check; write //memvet:ignore CHECK reason"
		case d.Reason == "":
			d.Problem = fmt.Sprintf("gives no reason; write //memvet:ignore %s and why the memory is bounded here", name)
		}
	case NotFirstStage:
		if d.Reason = rest; rest == "" {
			d.Problem = "gives no reason; write //memvet:notfirststage and why"
		}
	case FirstStage, Limiter:
		d.Reason = rest
	default:
		d.Problem = fmt.Sprintf("has the unknown verb %q; the verbs are ignore, firststage, notfirststage and limiter", d.Verb)
	}
	return d
}

// codeLines tells which lines of the file hold more than comments. It looks at
// the ends of every node, which is enough: a line of code has a token that
// starts or ends a node, or a brace that ends one.
func codeLines(fset *token.FileSet, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		case *ast.File:
			return true
		}
		lines[fset.Position(n.Pos()).Line] = true
		lines[fset.Position(n.End()).Line] = true
		return true
	})
	return lines
}

// Covers reports whether an ignore silences a finding of the check at p.
func (d *Directive) Covers(check string, p token.Position) bool {
	if d.Verb != Ignore || d.Problem != "" || d.Check != check || d.File != p.Filename {
		return false
	}
	return p.Line == d.Line || d.OwnLine && p.Line == d.Line+1
}

// HasVerb reports whether a doc comment carries the directive.
func HasVerb(doc *ast.CommentGroup, verb string) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		rest, ok := strings.CutPrefix(c.Text, Prefix+verb)
		if ok && (rest == "" || rest[0] == ' ') {
			return true
		}
	}
	return false
}
