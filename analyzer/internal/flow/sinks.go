package flow

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Sink is one place where a stream is turned into memory as a whole.
type Sink struct {
	Call   *ast.CallExpr
	Name   string      // of the function that does it, through helpers
	Via    *Read       // the helper's summary, when it is done in one
	Fn     *types.Func // the function called
	Stream Stream
	Place  Place
	Decode bool   // the sink itself decodes
	Format string // of the document, where its decoder is known: see formats

	Target  ast.Expr     // what a decoding sink fills, or nil
	Result  types.Object // the variable that takes the bytes of a reading sink
	Decodes []ast.Expr   // what the bytes are decoded into later
}

// Helper is the place of the helper a sink goes through. The sink itself may
// be in a package whose syntax is not at hand; its place is in the message.
func (s *Sink) Helper(message string) analysis.RelatedInformation {
	r := analysis.RelatedInformation{Pos: s.Call.Pos(), End: s.Call.End(), Message: message}
	if pos := s.Fn.Pos(); pos.IsValid() {
		r.Pos, r.End = pos, pos
	}
	return r
}

// Sinks are the whole reads and decodes of a function, in order of position.
func (f *Func) Sinks() []*Sink {
	if f.sunk {
		return f.sinks
	}
	f.sunk = true // a sink may ask for the sinks above it: those are known
	f.fill = map[types.Object][]*Sink{}
	for _, call := range inOrder(f.Calls) {
		if s := f.sinkOf(call); s != nil {
			s.Place = f.PlaceOf(call, s.Stream)
			f.sinks = append(f.sinks, s)
			if s.Result != nil {
				f.fill[s.Result] = append(f.fill[s.Result], s)
			}
		} else {
			f.noteDecode(call)
		}
	}
	return f.sinks
}

// inOrder puts calls in the order they end, which is the order they run: the
// arguments of a call before the call.
func inOrder(calls []*ast.CallExpr) []*ast.CallExpr {
	sorted := slices.Clone(calls)
	slices.SortStableFunc(sorted, func(a, b *ast.CallExpr) int { return int(a.End() - b.End()) })
	return sorted
}

func (f *Func) sinkOf(call *ast.CallExpr) *Sink {
	fn := f.Callee(call)
	if fn == nil {
		return nil
	}
	name := fn.FullName()
	if index, ok := readers[name]; ok {
		return f.readSink(call, fn, index)
	}
	if copiers[name] {
		return f.copySink(call, fn)
	}
	if s := f.decodeSink(call, fn); s != nil {
		return s
	}
	if s := f.fetchedSink(call, fn); s != nil {
		return s
	}
	return f.helperSink(call, fn)
}

func (f *Func) readSink(call *ast.CallExpr, fn *types.Func, index int) *Sink {
	s := &Sink{Call: call, Name: shortName(fn), Result: f.takes(call, 0), Format: formatOf(fn)}
	switch index {
	case path:
		s.Stream = Stream{Kind: Local, Pos: call.Pos(), Open: call}
	case body:
		s.Stream = Stream{Kind: Remote, Pos: call.Pos(), Open: call, HTTP: true}
	case recv:
		s.Stream = f.decoderStream(Receiver(call))
	default:
		s.Stream = f.StreamOf(arg(call, index))
		if x := Receiver(call); x != nil && fn.Signature().Recv() != nil {
			s.Result = f.Root(x) // Buffer.ReadFrom fills its receiver
		}
	}
	return s
}

// copySink is io.Copy into a buffer; into a file or a hash it streams.
func (f *Func) copySink(call *ast.CallExpr, fn *types.Func) *Sink {
	dst := arg(call, 0)
	if dst == nil || !f.isBufferValue(dst) {
		return nil
	}
	return &Sink{Call: call, Name: shortName(fn) + " into a buffer", Stream: f.StreamOf(arg(call, 1)), Result: f.Root(dst)}
}

// isBufferValue sees through a variable of type io.Writer that holds a buffer.
func (f *Func) isBufferValue(e ast.Expr) bool {
	if isBuffer(f.TypeOf(e)) {
		return true
	}
	if d := f.last(f.Object(e), e.Pos()); d != nil && d.index < 0 {
		return isBuffer(f.TypeOf(d.rhs))
	}
	return false
}

func typeName(t types.Type) string { _, n := named(t); return n }

// helperSink is a call of a function whose summary says it reads whole.
func (f *Func) helperSink(call *ast.CallExpr, fn *types.Func) *Sink {
	sum := f.Pkg.SummaryOf(fn)
	for i := range sum.Reads {
		r := &sum.Reads[i]
		s := &Sink{Call: call, Name: chain(fn, r), Via: r, Fn: fn, Decode: r.Decode, Format: r.Format}
		switch {
		case r.From == opened:
			s.Stream = Stream{Kind: Remote, Pos: call.Pos(), Open: call}
		case r.From == recv:
			s.Stream = f.StreamOf(Receiver(call))
		default:
			s.Stream = f.argStream(arg(call, r.From))
		}
		switch {
		case r.To <= result && r.Decode:
			s.Target = f.takenAs(call, result-r.To)
		case r.To <= result:
			s.Result = f.takes(call, result-r.To)
		case r.Decode:
			s.Target = arg(call, r.To)
		case !f.isBufferValue(arg(call, r.To)):
			continue // a file, a hash: it streams
		default:
			s.Result = f.Root(arg(call, r.To))
		}
		if r.Decode && s.Target == nil {
			continue
		}
		return s
	}
	return nil
}

// fetchedSink is Unmarshal(answer.Body, &v) of bytes that a helper fetched.
func (f *Func) fetchedSink(call *ast.CallExpr, fn *types.Func) *Sink {
	data, target := f.unmarshals(call)
	if data == nil || f.wholeOf(data, 0) != nil || !f.fromFetch(data) || f.partOf(data) != nil {
		return nil
	}
	return &Sink{Call: call, Name: shortName(fn), Stream: Stream{Kind: Remote, Pos: call.Pos()}, Decode: true, Target: target, Format: f.format(call)}
}

// argStream is the stream of an argument that is a reader, or that has one.
func (f *Func) argStream(e ast.Expr) Stream {
	if e != nil && isHTTP(f.TypeOf(e)) {
		s := f.fieldStream(&ast.SelectorExpr{X: e, Sel: ast.NewIdent("Body")}, 0)
		s.HTTP = true
		return s
	}
	return f.StreamOf(e)
}

// chainHops is how many helpers a message names.
const chainHops = 3

func chain(fn *types.Func, r *Read) string {
	hops := strings.Count(r.Sink, " > ")
	if hops >= chainHops {
		return shortName(fn) + " > ... > " + r.Sink[strings.LastIndex(r.Sink, " > ")+3:]
	}
	return shortName(fn) + " > " + r.Sink
}

// FilledBy reports whether a sink fills the variable, or its bytes are decoded into it.
func (f *Func) FilledBy(o types.Object, s *Sink) bool {
	for _, t := range append(s.Decodes[:len(s.Decodes):len(s.Decodes)], s.Target) {
		if t != nil && f.Root(t) == o {
			return true
		}
	}
	return s.Result == o
}

// takes is the variable that takes the call's result of that index.
func (f *Func) takes(call *ast.CallExpr, index int) types.Object {
	if e := f.takenAs(call, index); e != nil {
		return f.Object(e)
	}
	return nil
}

// Takes is the variable that a call's first result is put into, or nil.
func (f *Func) Takes(call *ast.CallExpr) types.Object { return f.takes(call, 0) }

// takenAs is the expression on the left that takes the call's result.
func (f *Func) takenAs(call *ast.CallExpr, index int) ast.Expr {
	switch p := f.Parent(call).(type) {
	case *ast.AssignStmt:
		if len(p.Rhs) == 1 && index < len(p.Lhs) {
			return p.Lhs[index]
		}
	case *ast.ValueSpec:
		if len(p.Values) == 1 && index < len(p.Names) {
			return p.Names[index]
		}
	}
	return nil
}

// shortName is how a reader would write the function: pkg.Func, Type.Method.
func shortName(fn *types.Func) string {
	if r := fn.Signature().Recv(); r != nil {
		name := typeName(r.Type()) + "." + fn.Name()
		if fn.Pkg() != nil {
			name = fn.Pkg().Name() + "." + name
		}
		return name
	}
	if fn.Pkg() == nil {
		return fn.Name()
	}
	return fn.Pkg().Name() + "." + fn.Name()
}

// ShortName is how a reader would write the function: pkg.Func, Type.Method.
func ShortName(fn *types.Func) string { return shortName(fn) }
