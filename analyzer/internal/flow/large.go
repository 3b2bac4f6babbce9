package flow

import (
	"go/ast"
	"go/constant"
	"go/types"
	"regexp"
)

// Large reports whether the code itself expects much of a stream: it comes as a parameter, for any size, or is a file; it
// is unpacked or an archive, a size above the largest bound is allowed for it, or it is only passed on; the function
// names a file of data, or is a first stage, which exists because there is much; or what it is decoded into is handed on
// item by item, or has lists by key, which is an index. A response that is decoded into a list says none of that: most are
// the short answer of an API.
func (f *Func) Large(s *Sink) bool {
	if s.Stream.Kind != Remote || s.Stream.Unpacked || f.Zips(s) || f.allowsMuch(s.Call) || f.passesOn(s) ||
		f.NamesData() || f.Declared() {
		return true
	}
	for _, t := range append(s.Decodes, s.Target) {
		if t != nil && (f.handsEachIn(t) || indexed(f.TargetType(t))) {
			return true
		}
	}
	return false
}

// passesOn reports whether the bytes are read only to be read again or written on, by what is no client of an API: those
// read an answer again to decode it.
func (f *Func) passesOn(s *Sink) bool {
	return f.StreamedAgain(s) && !f.GivesBack(s) && !f.OfClient() && !f.IsTransport()
}

// handsEachIn reports whether the items of what is decoded are saved, sent or handed to a callback, one by one: then they
// are the units of a sync.
func (f *Func) handsEachIn(target ast.Expr) bool {
	o := f.Root(target)
	return o != nil && f.handsEachOf(o, f.handsItem)
}

// indexed reports whether a type has lists of things by key.
func indexed(t types.Type) bool {
	return holds(t, shapeDepth, func(t types.Type) bool {
		m, ok := t.(*types.Map)
		return ok && listShape(m.Elem())
	})
}

// Declared reports whether the function is a first stage in more than its behaviour: somebody marked it, a pipeline's types
// make it one, or it hands units on one by one in a way that has no other use.
func (f *Func) Declared() bool {
	r := f.Role()
	return r.Stage && !r.Sends || r.Answers
}

// dataFile is the name of a file that data is published in: packed, or of a format for many items.
var dataFile = regexp.MustCompile(`(?i)[\w%)}]\.((gz|bz2|xz|zst|zip|tgz|tar|csv|tsv|jsonl|ndjson|xml)($|[?&#])|json$)`)

// NamesData reports whether the function names such a file: in a string of its own, or in a constant.
func (f *Func) NamesData() bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			if tv := f.Pkg.Info.Types[e]; tv.Value != nil && tv.Value.Kind() == constant.String {
				found = found || dataFile.MatchString(constant.StringVal(tv.Value))
			}
		}
		return !found
	})
	return found
}
