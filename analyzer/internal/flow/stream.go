package flow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"slices"
)

// Kind says where a stream comes from, and so how much it may hold.
type Kind uint8

// The kinds, from harmless to hazardous.
const (
	Unknown   Kind = iota
	Memory         // what is in memory already
	Bounded        // it ends by itself
	Item           // one member of an archive, one value of a walk
	FromParam      // the caller knows
	Local          // a file
	Remote         // a response, an object in a bucket, any reader a call returned
)

// Stream is what is known of a reader expression.
type Stream struct {
	Kind  Kind
	Pos   token.Pos     // where it was opened
	Param int           // of FromParam: the index, -1 for the receiver
	Bound int64         // of Bounded: its bytes, 0 when not a constant
	HTTP  bool          // the body of an HTTP response
	Lit   *ast.FuncLit  // of a literal's parameter: the literal
	Whole *Sink         // of Memory: the read that filled it
	Open  *ast.CallExpr // the call that opened it

	Unpacked bool     // it is decompressed on the way
	Limit    ast.Expr // the limiter in between that ends it in silence
}

// Hazard reports whether the stream's size is for somebody else to decide.
func (s Stream) Hazard() bool { return s.Kind >= FromParam }

// maxDepth bounds every walk from value to value.
const maxDepth = 12

// StreamOf follows a reader expression to where its bytes come from.
func (f *Func) StreamOf(e ast.Expr) Stream { return f.stream(e, 0) }

func (f *Func) stream(e ast.Expr, depth int) Stream {
	if depth > maxDepth || e == nil {
		return Stream{}
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return f.stream(e.X, depth+1)
	case *ast.StarExpr:
		return f.stream(e.X, depth+1)
	case *ast.TypeAssertExpr:
		return f.stream(e.X, depth+1)
	case *ast.CompositeLit:
		return f.literalStream(e, depth)
	case *ast.Ident:
		return f.variableStream(e, depth)
	case *ast.SelectorExpr:
		return f.fieldStream(e, depth)
	case *ast.CallExpr:
		return f.callStream(e, depth)
	}
	return Stream{}
}

func (f *Func) variableStream(id *ast.Ident, depth int) Stream {
	o := f.Object(id)
	if o == nil {
		return Stream{}
	}
	d := f.last(o, id.Pos())
	if d == nil {
		return f.inputStream(o)
	}
	if d.each {
		return Stream{Kind: Item, Pos: d.at}
	}
	return f.stream(d.rhs, depth+1)
}

// inputStream is the stream of a variable nothing sets: a parameter, a
// receiver, or a declared buffer.
func (f *Func) inputStream(o types.Object) Stream {
	if isBuffer(o.Type()) {
		return f.buffered(o)
	}
	p, ok := f.params[o]
	switch {
	case !ok:
		return Stream{}
	case p.lit == nil:
		return Stream{Kind: FromParam, Param: p.index, Pos: o.Pos(), HTTP: isHTTP(o.Type())}
	default:
		return f.handedStream(o, p.lit)
	}
}

// handedStream is the stream a literal is handed: what the function that takes
// the literal opened, or the file of a walk.
func (f *Func) handedStream(o types.Object, lit *ast.FuncLit) Stream {
	s := Stream{Kind: Local, Pos: o.Pos(), Lit: lit, HTTP: isHTTP(o.Type())}
	if call, i := f.takenBy(lit); call != nil {
		if fn := f.Callee(call); fn != nil && slices.Contains(f.Pkg.SummaryOf(fn).Feeds, i) {
			s.Kind, s.HTTP, s.Open = Remote, true, call
		}
	}
	return s
}

// buffered is the stream of a bytes.Buffer: memory, filled by whatever read
// filled it.
func (f *Func) buffered(o types.Object) Stream {
	s := Stream{Kind: Memory, Pos: o.Pos()}
	if fills := f.fill[o]; len(fills) > 0 {
		s.Whole = fills[len(fills)-1]
	}
	return s
}

// fieldStream is the stream of x.Body and the like: opened where x was made.
func (f *Func) fieldStream(e *ast.SelectorExpr, depth int) Stream {
	if f.isRequest(e.X) {
		return Stream{}
	}
	root := f.Root(e.X)
	if root == nil {
		if call, ok := ast.Unparen(e.X).(*ast.CallExpr); ok {
			return Stream{Kind: Remote, Pos: call.Pos(), Open: call, HTTP: isHTTP(f.TypeOf(e.X))}
		}
		return Stream{}
	}
	http := isHTTP(f.TypeOf(e.X))
	s := Stream{Kind: Remote, Pos: root.Pos(), HTTP: http}
	if d := f.last(root, e.Pos()); d != nil {
		s.Pos = d.at
		if d.each {
			s.Kind = Item
		}
		if call, ok := ast.Unparen(d.rhs).(*ast.CallExpr); ok {
			s.Open, s.Pos = call, call.Pos()
		}
		return s
	}
	if p, ok := f.params[root]; ok {
		s.Lit = p.lit
		if p.lit == nil {
			s.Kind, s.Param = FromParam, p.index
		}
	}
	return s
}

// isRequest reports whether the expression is a request to a server. What it
// carries is the server's business, and bounded in its middleware.
func (f *Func) isRequest(e ast.Expr) bool {
	return e != nil && IsNamed(f.TypeOf(e), "net/http", "Request")
}

// literalStream is the stream of a composite literal that wraps another.
func (f *Func) literalStream(lit *ast.CompositeLit, depth int) Stream {
	t := f.TypeOf(lit)
	if isBuffer(t) {
		return Stream{Kind: Memory, Pos: lit.Pos()}
	}
	limiter := f.Pkg.limiterType(t)
	var inner Stream
	var bound int64
	for _, elt := range lit.Elts {
		v := elt
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			v = kv.Value
		}
		if isReader(f.TypeOf(v)) {
			inner = f.stream(v, depth+1)
		} else if n, ok := f.constant(v); ok {
			bound = n
		}
	}
	if limiter && !tooLarge(bound) {
		return Stream{Kind: Bounded, Pos: lit.Pos(), Bound: bound}
	}
	return inner
}

// OfCommand reports whether the stream is the output of a command: os/exec's, or a
// wrapper's with methods of the same names.
func (f *Func) OfCommand(s Stream) bool {
	if s.Open == nil {
		return false
	}
	fn := f.Callee(s.Open)
	return fn != nil && (fn.Name() == "StdoutPipe" || fn.Name() == "StderrPipe")
}

// callStream is the stream a call returns.
func (f *Func) callStream(call *ast.CallExpr, depth int) Stream {
	if tv, ok := f.Pkg.Info.Types[call.Fun]; ok && tv.IsType() && len(call.Args) == 1 {
		return f.stream(call.Args[0], depth+1) // a conversion
	}
	fn := f.Callee(call)
	if fn == nil {
		return Stream{Kind: Remote, Pos: call.Pos(), Open: call}
	}
	if f.isRequest(Receiver(call)) {
		return Stream{}
	}
	name := fn.FullName()
	if limit, ok := bounders[name]; ok {
		return f.boundedBy(call, limit, depth)
	}
	switch {
	case memory[name]:
		return f.memoryStream(call, depth)
	case openers[name]:
		return Stream{Kind: Local, Pos: call.Pos(), Open: call}
	case members[name]:
		return Stream{Kind: Item, Pos: call.Pos(), Open: call}
	}
	sum := f.Pkg.SummaryOf(fn)
	if sum.Limits > 0 || limitNames.MatchString(fn.Name()) && hasInteger(call, f) {
		return f.boundedBy(call, integerArg(call, f), depth)
	}
	if sum.Bounded {
		return Stream{Kind: Bounded, Pos: call.Pos()}
	}
	if inner, ok := f.wrapped(call, fn, depth); ok {
		return inner
	}
	for _, a := range call.Args {
		if isBytes(f.TypeOf(a)) { // a reader over bytes that are there
			return Stream{Kind: Memory, Pos: call.Pos(), Whole: f.wholeOf(a, depth+1)}
		}
	}
	return Stream{Kind: Remote, Pos: call.Pos(), Open: call}
}

// memoryStream is a reader over bytes: those of a read in this function, those
// that a helper fetched, or any others.
func (f *Func) memoryStream(call *ast.CallExpr, depth int) Stream {
	s := Stream{Kind: Memory, Pos: call.Pos(), Whole: f.wholeOf(arg(call, 0), depth+1)}
	if s.Whole == nil && f.fromFetch(arg(call, 0)) {
		s.Kind = Remote
	}
	return s
}

// fromFetch reports whether bytes are a part of what a helper fetched: the
// body in a list of answers.
func (f *Func) fromFetch(data ast.Expr) bool {
	switch ast.Unparen(data).(type) {
	case *ast.SelectorExpr, *ast.IndexExpr:
	default:
		return false
	}
	o := f.Root(data)
	for range maxDepth {
		d := f.last(o, data.Pos())
		if d == nil || d.index > 1 {
			return false
		}
		if call := callIn(d.rhs); call != nil {
			fn := f.Callee(call)
			return fn != nil && f.Pkg.SummaryOf(fn).Fetches
		}
		if o = f.Root(d.rhs); o == nil {
			return false
		}
	}
	return false
}

// wrapped is the stream below a wrapper: a call that takes readers and returns
// one. What a decompressor makes of bytes in memory is as unknown as the bytes
// were.
func (f *Func) wrapped(call *ast.CallExpr, fn *types.Func, depth int) (Stream, bool) {
	for _, a := range call.Args {
		if !isReader(f.TypeOf(a)) {
			continue
		}
		s := f.stream(a, depth+1)
		s.Unpacked = s.Unpacked || fn.Pkg() != nil && unpackers.MatchString(fn.Pkg().Path())
		if s.Kind == Memory && s.Whole == nil && s.Unpacked {
			return Stream{Kind: Local, Pos: call.Pos(), Open: call, Unpacked: true}, true
		}
		if s.Kind == Memory && s.Whole != nil && fn.Pkg() != nil && fn.Pkg().Name() != "bufio" {
			w := s.Whole.Stream
			w.Pos, w.Unpacked = call.Pos(), s.Unpacked
			return w, true
		}
		return s, true
	}
	// bufio.NewReader(r).X() and friends: a method of a reader that returns one.
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && isReader(f.TypeOf(sel.X)) && f.Pkg.Info.Selections[sel] != nil {
		if s := f.stream(sel.X, depth+1); s.Kind == Bounded || s.Kind == Memory {
			return s, true
		}
	}
	return Stream{}, false
}

func (f *Func) boundedBy(call *ast.CallExpr, limit, depth int) Stream {
	n, _ := f.constant(arg(call, limit))
	if n == 0 {
		n = f.leastGiven(arg(call, limit))
	}
	s := Stream{Kind: Bounded, Pos: call.Pos(), Bound: n}
	if tooLarge(n) { // beyond what is worth limiting: the stream is as it was
		s = Stream{}
		for _, a := range call.Args {
			if isReader(f.TypeOf(a)) {
				s = f.stream(a, depth+1)
				break
			}
		}
	}
	if fn := f.Callee(call); fn.FullName() == "io.LimitReader" {
		s.Limit = call
	}
	return s
}

// leastGiven is the smallest constant that the package's calls give for the
// parameter that an expression names, or 0 when one gives something else.
func (f *Func) leastGiven(e ast.Expr) int64 {
	p, ok := f.params[f.Object(e)]
	if e == nil || !ok || p.lit != nil || p.index < 0 || f.Obj == nil {
		return 0
	}
	var least int64
	for _, site := range f.Pkg.sites[f.Obj] {
		n, ok := site.Caller.constant(arg(site.Call, p.index))
		if !ok {
			return 0
		}
		if least == 0 || n < least {
			least = n
		}
	}
	return least
}

func tooLarge(n int64) bool { return n > Options.MaxBound }

// constant is the value of an integer constant expression.
func (f *Func) constant(e ast.Expr) (int64, bool) {
	if e == nil {
		return 0, false
	}
	tv, ok := f.Pkg.Info.Types[e]
	if !ok || tv.Value == nil {
		return 0, false
	}
	v := constant.ToInt(tv.Value)
	if v.Kind() != constant.Int {
		return 0, false
	}
	if n, exact := constant.Int64Val(v); exact {
		return n, true
	}
	return math.MaxInt64, true
}

func arg(call *ast.CallExpr, i int) ast.Expr {
	if i < 0 || i >= len(call.Args) {
		return nil
	}
	return call.Args[i]
}

// Receiver is x of a call x.M(...), or nil.
func Receiver(call *ast.CallExpr) ast.Expr {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return sel.X
	}
	return nil
}

func hasInteger(call *ast.CallExpr, f *Func) bool { return integerArg(call, f) >= 0 }

func integerArg(call *ast.CallExpr, f *Func) int {
	for i, a := range call.Args {
		if b, ok := f.TypeOf(a).Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
			return i
		}
	}
	return -1
}
