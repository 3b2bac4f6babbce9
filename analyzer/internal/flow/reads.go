package flow

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
)

// summarizeReads notes the whole reads whose stream or bytes are the caller's.
func (f *Func) summarizeReads(s *Summary) {
	for _, sink := range f.Sinks() {
		from := opened
		switch sink.Stream.Kind {
		case FromParam:
			from = sink.Stream.Param
		case Remote:
			s.Opens = true
		case Local:
			s.Opens = s.Opens || sink.Stream.Lit == nil
			continue // a file: the caller has nothing to do with how it is read
		default:
			continue // bounded, or an item
		}
		f.summarizeDecodes(s, sink, from)
		if to, ok := f.destination(sink); ok {
			s.addRead(Read{From: from, To: to, Decode: sink.Decode, Format: sink.Format, Sink: sink.Name, At: f.shortPos(sink)})
		}
	}
	f.summarizeCopies(s)
}

// summarizeDecodes notes what a sink's bytes are unmarshalled into when that is
// a parameter: the usual client of an API reads all and decodes in two steps,
// and only its caller knows the type.
func (f *Func) summarizeDecodes(s *Summary, sink *Sink, from int) {
	for _, target := range sink.Decodes {
		if p, ok := f.params[f.Object(target)]; ok && p.lit == nil && p.index >= 0 {
			s.addRead(Read{From: from, To: p.index, Decode: true, Format: sink.Format, Sink: sink.Name, At: f.shortPos(sink)})
		}
	}
}

// summarizeCopies notes copies into a writer parameter: harmless here, a whole
// read in a caller that passes a buffer.
func (f *Func) summarizeCopies(s *Summary) {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || !copiers[fn.FullName()] || len(call.Args) < 2 {
			continue
		}
		to, ok := f.params[f.Object(call.Args[0])]
		if !ok || to.lit != nil || to.index < 0 {
			continue
		}
		src := f.StreamOf(call.Args[1])
		from := opened
		if src.Kind == FromParam {
			from = src.Param
		} else if src.Kind != Remote {
			continue
		}
		s.addRead(Read{From: from, To: to.index, Sink: shortName(fn), At: f.shortPos(&Sink{Call: call})})
	}
}

// maxReads bounds a summary: one read of each stream is enough to report.
const maxReads = 4

func (s *Summary) addRead(r Read) {
	for _, have := range s.Reads {
		if have.From == r.From && have.To == r.To && have.Decode == r.Decode {
			return
		}
	}
	if len(s.Reads) < maxReads {
		s.Reads = append(s.Reads, r)
	}
}

// At is the place of the read or decode itself, through helpers: file:line, the
// file without its folder.
func (f *Func) At(sink *Sink) string { return f.shortPos(sink) }

func (f *Func) shortPos(sink *Sink) string {
	if sink.Via != nil {
		return sink.Via.At
	}
	p := f.Pkg.Fset.Position(sink.Call.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
}

// destination says where a sink's bytes leave the function: through a result,
// or into what a parameter points to.
func (f *Func) destination(sink *Sink) (int, bool) {
	if p, ok := f.params[f.Object(sink.Target)]; sink.Decode && ok {
		return p.index, p.lit == nil && p.index >= 0
	}
	if sink.Decode && !f.generic(sink.Target) {
		return 0, false
	}
	if sink.Via == nil || sink.Via.To > result {
		if p, ok := f.params[sink.Result]; ok && p.lit == nil && p.index >= 0 && isBuffer(sink.Result.Type()) {
			return p.index, true
		}
	}
	to, returned := 0, false
	f.returns(func(r *ast.ReturnStmt) {
		for i, e := range r.Results {
			if !returned && f.returnsSink(e, sink) {
				to, returned = result-i, true
			}
		}
		if call := len(r.Results) == 1 && ast.Unparen(r.Results[0]) == sink.Call; call && !returned {
			to, returned = result, true // return io.ReadAll(r)
			if sink.Via != nil && sink.Via.To <= result {
				to = sink.Via.To
			}
		}
		if len(r.Results) == 0 && sink.Result != nil && f.isNamedResult(sink.Result) && !returned {
			to, returned = result-f.resultIndex(sink.Result), true
		}
	})
	return to, returned
}

// returnsSink reports whether a returned expression is what the sink read, or
// the value of open type that it decoded.
func (f *Func) returnsSink(e ast.Expr, sink *Sink) bool {
	if sink.Decode {
		return f.Root(sink.Target) != nil && f.Root(e) == f.Root(sink.Target)
	}
	return IsText(f.TypeOf(e)) && (f.wholeOf(e, 0) == sink || callIn(e) == sink.Call || f.ofBuffer(e, sink))
}

// ofBuffer reports whether the expression is what is in the buffer that the
// sink filled, on some branch.
func (f *Func) ofBuffer(e ast.Expr, sink *Sink) bool {
	call := callIn(e)
	if call == nil || sink.Result == nil || !isBuffer(sink.Result.Type()) {
		return false
	}
	return f.Object(Receiver(call)) == sink.Result
}

// generic reports whether the target's type is left to the caller.
func (f *Func) generic(target ast.Expr) bool {
	if target == nil {
		return false
	}
	t := f.TypeOf(target)
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	_, ok := t.(*types.TypeParam)
	return ok
}

// resultIndex is the position of a named result.
func (f *Func) resultIndex(o types.Object) int {
	index := 0
	for _, field := range f.Type.Results.List {
		for _, id := range field.Names {
			if f.Pkg.Info.Defs[id] == o {
				return index
			}
			index++
		}
	}
	return 0
}

func callIn(e ast.Expr) *ast.CallExpr { c, _ := ast.Unparen(e).(*ast.CallExpr); return c }

func (f *Func) isNamedResult(o types.Object) bool {
	if f.Type.Results == nil || !IsText(o.Type()) {
		return false
	}
	return within(o.Pos(), f.Type.Results)
}
