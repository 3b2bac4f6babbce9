package flow

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// parsesAll is the role of a function with the parse-all shape: what it read leaves
// it as one value, is kept, or is only written on. Of others it is the zero Role.
func (f *Func) parsesAll() Role {
	why, answers := f.returnsAll(), false
	if why == "" {
		why = f.handsAll()
	}
	if why == "" && f.answers() {
		why, answers = "answers a request with what it read", true
	}
	if why == "" {
		why = f.keepsAll()
	}
	return Role{Parses: why != "", Answers: answers, Reason: why}
}

// returnsAll says as what the function returns all it read, or "".
func (f *Func) returnsAll() string {
	if f.Type.Results == nil {
		return ""
	}
	for _, field := range f.Type.Results.List {
		t := f.TypeOf(field.Type)
		if !IsError(t) && (isBytes(t) || ShapeOf(t) >= Names) {
			return "returns all it read as " + f.TypeString(t)
		}
	}
	return ""
}

// handsAll says to whom the function hands all it read, or "".
func (f *Func) handsAll() string {
	for _, call := range f.Calls {
		if f.HandsOn(call) {
			return "hands what it read to " + types.ExprString(call.Fun)
		}
	}
	return ""
}

// keepsAll says where the function keeps what it read, or that it passes it on, or "".
func (f *Func) keepsAll() string {
	for _, s := range f.Sinks() {
		if !s.Stream.Hazard() {
			continue
		}
		if field := f.keptIn(s); field != "" {
			return "keeps what it read in " + field
		}
		if f.StreamedAgain(s) {
			return "only passes on what it read"
		}
	}
	return ""
}

// answers reports whether the function is a handler: it is given the writer of
// a response.
func (f *Func) answers() bool {
	for _, field := range f.Type.Params.List {
		if IsNamed(f.TypeOf(field.Type), "net/http", "ResponseWriter") {
			return true
		}
	}
	return false
}

// keptIn is the field that what a sink read or decoded is put into, of the
// receiver, a parameter or a package variable; or "".
func (f *Func) keptIn(s *Sink) string {
	kept := map[types.Object]bool{}
	for _, t := range append(s.Decodes, s.Target) {
		if t != nil && f.Root(t) != nil {
			kept[f.Root(t)] = true
		}
	}
	where := ""
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || where != "" {
			return where == ""
		}
		for i, l := range a.Lhs {
			l = ast.Unparen(l)
			_, isName := l.(*ast.Ident)
			if i < len(a.Rhs) && !isName && kept[f.Object(a.Rhs[i])] && f.Root(l) != nil && f.Outlives(f.Root(l)) {
				where = types.ExprString(l)
			}
		}
		return where == ""
	})
	return where
}

// StreamedAgain reports whether the bytes of a sink are used as a stream and
// in no other way: written, or read again from the start. Then nothing needs
// them as a whole.
func (f *Func) StreamedAgain(s *Sink) bool {
	if s.Result == nil || s.Decode || len(s.Decodes) > 0 {
		return false
	}
	return !f.readsAgain(s) && f.onlyStreams(s.Result, func(id *ast.Ident) bool {
		return id.Pos() > s.Call.End() && !f.talks(id) && f.filled(id, 0) == s
	})
}

// Verified reports whether a call that verifies a document, as its name says, gets the
// bytes of a sink: whoever uses them wants to know first, and has them all by then.
func (f *Func) Verified(s *Sink) bool {
	if s.Result == nil {
		return false
	}
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || !verifyNames.MatchString(fn.Name()) || call.Pos() < s.Call.End() {
			continue
		}
		for _, a := range call.Args {
			if f.Mentions(a, s.Result) {
				return true
			}
		}
	}
	return false
}

// GivesBack reports whether the function reads a parameter and returns a reader over
// its bytes beside what it found out of them, a hash or a size: the caller needs that
// before it can use the stream, which is gone by then.
func (f *Func) GivesBack(s *Sink) bool {
	if s.Stream.Kind != FromParam || f.Type.Results == nil {
		return false
	}
	reader, other := false, false
	for _, field := range f.Type.Results.List {
		switch t := f.TypeOf(field.Type); {
		case isReader(t):
			reader = true
		case !IsError(t):
			other = true
		}
	}
	return reader && other
}

// readsAgain reports whether a loop below the sink uses its bytes in every round:
// a stream can be read once.
func (f *Func) readsAgain(s *Sink) bool {
	again := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.Pkg.Info.Uses[id] == s.Result && id.Pos() > s.Call.End() {
			loop, _ := f.Loop(id)
			again = again || loop != nil && !within(s.Call.Pos(), loop) && !f.retries(loop)
		}
		return !again
	})
	return again
}

// summarizeStreams notes the parameters of bytes that are used as a stream and
// in no other way.
func (f *Func) summarizeStreams(s *Summary) {
	for o, p := range f.params {
		if p.lit == nil && p.index >= 0 && isBytes(o.Type()) && len(f.defs[o]) == 0 && f.onlyStreams(o, func(*ast.Ident) bool { return true }) {
			s.Streams = append(s.Streams, p.index)
		}
	}
	slices.Sort(s.Streams)
}

// onlyStreams reports whether every use of the variable that counts is as a
// stream, and there is one.
func (f *Func) onlyStreams(o types.Object, counts func(*ast.Ident) bool) bool {
	streamed, other := false, false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || f.Pkg.Info.Uses[id] != o || !counts(id) {
			return !other
		}
		switch f.useOf(id) {
		case asStream:
			streamed = true
		case asWhole:
			other = true
		}
		return !other
	})
	return streamed && !other
}

// use says what a place does with bytes.
type use uint8

const (
	asNothing use = iota // looks at the length
	asStream
	asWhole
)

// useOf is what the call around the bytes does with them.
func (f *Func) useOf(id *ast.Ident) use {
	var at ast.Node = id
	for {
		p := f.Parent(at)
		switch x := p.(type) {
		case *ast.ParenExpr, *ast.UnaryExpr, *ast.SliceExpr:
			at = p
			continue
		case *ast.SelectorExpr: // buf.Bytes(), buf.WriteTo(w)
			at = p
			continue
		case *ast.CallExpr:
			if sel := Receiver(x); sel != nil && f.Object(sel) == f.Object(id) && isBuffer(f.TypeOf(sel)) {
				switch methodName(x) {
				case "Bytes", "String":
					at = x
					continue
				case "WriteTo":
					return asStream
				case "Len", "Reset", "Grow", "Cap":
					return asNothing
				}
				return asWhole
			}
			return f.useIn(x, at)
		}
		return asWhole
	}
}

// useIn is what a call does with an argument that has the bytes.
func (f *Func) useIn(call *ast.CallExpr, at ast.Node) use {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && (id.Name == "len" || id.Name == "cap") {
		return asNothing
	}
	if tv, ok := f.Pkg.Info.Types[call.Fun]; ok && tv.IsType() {
		return asWhole
	}
	fn := f.Callee(call)
	if fn == nil {
		return asWhole
	}
	switch fn.FullName() {
	case "os.WriteFile", "io/ioutil.WriteFile", "io.Copy", "io.WriteString":
		return asStream
	case "bytes.NewReader", "bytes.NewBuffer", "strings.NewReader":
		if f.uploads(call) {
			return asWhole
		}
		return asStream
	}
	for i, a := range call.Args {
		if a == at && slices.Contains(f.Pkg.SummaryOf(fn).Streams, i) {
			return asStream
		}
	}
	if fn.Name() == "Write" && fn.Signature().Recv() != nil && len(call.Args) == 1 && call.Args[0] == at {
		return asStream
	}
	return asWhole
}

// uploads reports whether the reader that a call makes is the body of a
// request, which wants to know its length.
func (f *Func) uploads(reader *ast.CallExpr) bool {
	call, ok := f.Parent(reader).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == "net/http"
}

func methodName(call *ast.CallExpr) string {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return sel.Sel.Name
	}
	return ""
}

// TypeString is a type as a reader of the package would write it: with the
// last element of a package's path, and without it for the package's own. Of a
// struct without a name the fields are left out.
func (f *Func) TypeString(t types.Type) string {
	text := types.TypeString(t, func(p *types.Package) string {
		if p == f.Pkg.Pass.Pkg {
			return ""
		}
		return p.Name()
	})
	return withoutFields(text)
}

// withoutFields shortens every struct type in a type's text to struct{...}.
func withoutFields(text string) string {
	const start = "struct{"
	i := strings.Index(text, start)
	if i < 0 {
		return text
	}
	depth := 0
	for end := i + len(start) - 1; end < len(text); end++ {
		switch text[end] {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return text[:i] + "struct{...}" + withoutFields(text[end+1:])
		}
	}
	return text
}
