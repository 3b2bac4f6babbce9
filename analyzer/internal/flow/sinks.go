package flow

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
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
	Decode bool // the sink itself decodes

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
	return f.helperSink(call, fn)
}

func (f *Func) readSink(call *ast.CallExpr, fn *types.Func, index int) *Sink {
	s := &Sink{Call: call, Name: shortName(fn), Result: f.takes(call, 0)}
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

// decodeSink is a decoder's method or function that takes a stream and fills a
// value. One that reads several values from the stream, in a loop or token by
// token, streams.
func (f *Func) decodeSink(call *ast.CallExpr, fn *types.Func) *Sink {
	sig := fn.Signature()
	var s Stream
	var target ast.Expr
	switch {
	case sig.Recv() != nil && fn.Name() == "Decode" && len(call.Args) == 1 && strings.HasSuffix(typeName(sig.Recv().Type()), "Decoder"):
		dec := Receiver(call)
		s, target = f.decoderStream(dec), call.Args[0]
		if f.tokenwise(dec) || f.again(call, dec) {
			return nil
		}
	case sig.Recv() == nil && len(call.Args) >= 2 && decodeFunc(fn) && isReader(f.TypeOf(call.Args[0])):
		s, target = f.StreamOf(call.Args[0]), call.Args[1]
	default:
		return nil
	}
	if !s.Hazard() && s.Whole == nil {
		s.Kind = min(s.Kind, Item)
	}
	sink := &Sink{Call: call, Name: shortName(fn), Stream: s, Decode: true, Target: target}
	if s.Kind == Memory && s.Whole != nil {
		s.Whole.Decodes = append(s.Whole.Decodes, target)
		return nil
	}
	return sink
}

func decodeFunc(fn *types.Func) bool {
	switch fn.Name() {
	case "UnmarshalRead", "DecodeReader", "UnmarshalReader", "NewDecoderInto":
		return true
	}
	return false
}

func typeName(t types.Type) string { _, n := named(t); return n }

// decoderStream is the stream a decoder or scanner reads: the reader it was
// made from. A decoder that came from elsewhere decodes one value of it.
func (f *Func) decoderStream(dec ast.Expr) Stream {
	if dec == nil {
		return Stream{}
	}
	made := ast.Unparen(dec)
	for range maxDepth {
		switch x := made.(type) {
		case *ast.Ident:
			d := f.last(f.Object(x), x.Pos())
			if d == nil || d.index > 0 {
				return Stream{Kind: Item, Pos: x.Pos()}
			}
			made = ast.Unparen(d.rhs)
		case *ast.CallExpr:
			for _, a := range x.Args {
				if isReader(f.TypeOf(a)) {
					return f.StreamOf(a)
				}
			}
			// dec := json.NewDecoder(r).UseNumber() and the like.
			sel := Receiver(x)
			if sel == nil {
				return Stream{Kind: Item, Pos: x.Pos()}
			}
			made = ast.Unparen(sel)
		default:
			return Stream{Kind: Item, Pos: made.Pos()}
		}
	}
	return Stream{}
}

// MadeFrom is the stream behind a scanner, parser or decoder variable, and
// whether the variable was made from a reader here.
func (f *Func) MadeFrom(e ast.Expr) (Stream, bool) {
	s := f.decoderStream(e)
	return s, s.Kind != Item && s.Kind != Unknown
}

// tokenwise reports whether the function steps through the decoder's tokens.
func (f *Func) tokenwise(dec ast.Expr) bool {
	o := f.Object(dec)
	if o == nil {
		return false
	}
	for _, call := range f.Calls {
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok || f.Object(sel.X) != o {
			continue
		}
		switch sel.Sel.Name {
		case "Token", "More", "ReadToken", "PeekKind", "ReadValue", "DecodeElement", "Skip":
			return true
		}
	}
	return false
}

// again reports whether the call decodes value after value: it is in a loop
// that the decoder was made outside of.
func (f *Func) again(call *ast.CallExpr, dec ast.Expr) bool {
	o := f.Object(dec)
	if o == nil {
		return false
	}
	d := f.last(o, call.Pos())
	return f.Inside(call, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return (d == nil || !within(d.at-1, n)) && !f.retries(n)
		}
		return false
	})
}

// noteDecode attaches Unmarshal(b, &v) to the read that filled b.
func (f *Func) noteDecode(call *ast.CallExpr) {
	fn := f.Callee(call)
	if fn == nil || !strings.HasPrefix(fn.Name(), "Unmarshal") || len(call.Args) < 2 || !IsText(f.TypeOf(call.Args[0])) {
		return
	}
	if s := f.wholeOf(call.Args[0], 0); s != nil {
		s.Decodes = append(s.Decodes, call.Args[1])
	}
}

// wholeOf is the sink that filled the bytes, string or buffer, or nil.
func (f *Func) wholeOf(e ast.Expr, depth int) *Sink {
	if e == nil || depth > maxDepth {
		return nil
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return f.filled(x, depth)
	case *ast.UnaryExpr:
		return f.wholeOf(x.X, depth+1)
	case *ast.SliceExpr:
		return f.wholeOf(x.X, depth+1)
	case *ast.CallExpr:
		for _, s := range f.sinks {
			if s.Call == x {
				return s
			}
		}
		if sel := Receiver(x); sel != nil && isBuffer(f.TypeOf(sel)) {
			return f.wholeOf(sel, depth+1)
		}
		// Conversions, bytes.TrimSpace(b), strings.NewReader(s): the same bytes.
		if len(x.Args) > 0 && (IsText(f.TypeOf(x.Args[0])) || isReader(f.TypeOf(x.Args[0]))) && f.sameBytes(x) {
			return f.wholeOf(x.Args[0], depth+1)
		}
	}
	return nil
}

func (f *Func) filled(id *ast.Ident, depth int) *Sink {
	o := f.Object(id)
	var found *Sink
	for _, s := range f.fill[o] {
		if s.Call.Pos() < id.Pos() {
			found = s
		}
	}
	if found != nil {
		return found
	}
	if d := f.last(o, id.Pos()); d != nil && !d.each && d.index <= 0 {
		return f.wholeOf(d.rhs, depth+1)
	}
	return nil
}

// sameBytes reports whether the call's result shares or repeats the bytes of
// its first argument.
func (f *Func) sameBytes(call *ast.CallExpr) bool {
	if tv, ok := f.Pkg.Info.Types[call.Fun]; ok && tv.IsType() {
		return true
	}
	fn := f.Callee(call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "bytes", "strings":
		return true
	}
	return false
}

// WholeOf is the sink that filled the bytes, string or buffer, or nil.
func (f *Func) WholeOf(e ast.Expr) *Sink {
	f.Sinks()
	return f.wholeOf(e, 0)
}

// helperSink is a call of a function whose summary says it reads whole.
func (f *Func) helperSink(call *ast.CallExpr, fn *types.Func) *Sink {
	sum := f.Pkg.SummaryOf(fn)
	for i := range sum.Reads {
		r := &sum.Reads[i]
		s := &Sink{Call: call, Name: chain(fn, r), Via: r, Fn: fn, Decode: r.Decode}
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

// takes is the variable that takes the call's result of that index.
func (f *Func) takes(call *ast.CallExpr, index int) types.Object {
	if e := f.takenAs(call, index); e != nil {
		return f.Object(e)
	}
	return nil
}

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
		if to, ok := f.destination(sink); ok {
			s.addRead(Read{From: from, To: to, Decode: sink.Decode, Sink: sink.Name, At: f.shortPos(sink)})
		}
	}
	f.summarizeCopies(s)
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
	return IsText(f.TypeOf(e)) && (f.wholeOf(e, 0) == sink || callIn(e) == sink.Call)
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

// shortName is how a reader would write the function: pkg.Func, Type.Method.
func shortName(fn *types.Func) string {
	if r := fn.Signature().Recv(); r != nil {
		pkg, name := named(r.Type())
		if pkg != "" {
			name = pkg[strings.LastIndex(pkg, "/")+1:] + "." + name
		}
		return name + "." + fn.Name()
	}
	if fn.Pkg() == nil {
		return fn.Name()
	}
	return fn.Pkg().Name() + "." + fn.Name()
}

// ShortName is how a reader would write the function: pkg.Func, Type.Method.
func ShortName(fn *types.Func) string { return shortName(fn) }

// Guarded reports whether a size was compared before pos on the way to it: an
// if that leaves, or that the position is inside of, whose condition orders a
// size or length against something.
func (f *Func) Guarded(n ast.Node) bool {
	found := false
	ast.Inspect(f.Body, func(m ast.Node) bool {
		c, ok := m.(*ast.IfStmt)
		if !ok || found || c.Pos() > n.Pos() || !f.comparesSize(c.Cond) {
			return !found
		}
		found = within(n.Pos(), c.Body) || leaves(c.Body)
		return !found
	})
	return found
}

func (f *Func) comparesSize(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryExpr)
		if !ok {
			return true
		}
		switch b.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			found = found || f.isSize(b.X) && !f.isZero(b.Y) || f.isSize(b.Y) && !f.isZero(b.X)
		}
		return !found
	})
	return found
}

func (f *Func) isZero(e ast.Expr) bool { n, ok := f.constant(e); return ok && n <= 0 }

// isSize reports whether the expression is a size somebody announced:
// ContentLength, hdr.Size, info.Size(), and integers called size or length.
func (f *Func) isSize(e ast.Expr) bool {
	b, ok := f.TypeOf(e).Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsInteger == 0 {
		return false
	}
	name := ""
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	case *ast.CallExpr:
		if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok {
			name = sel.Sel.Name
		} else if len(x.Args) == 1 {
			return f.isSize(x.Args[0]) // a conversion
		}
	}
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "size") || strings.HasSuffix(name, "length")
}

// leaves reports whether the block ends by leaving: return, break, continue.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}
