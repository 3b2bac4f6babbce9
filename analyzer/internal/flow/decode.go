package flow

import (
	"go/ast"
	"go/types"
	"strings"
)

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
	sink := &Sink{Call: call, Name: shortName(fn), Stream: s, Decode: true, Target: target, Format: formatOf(fn)}
	if s.Kind == Memory && s.Whole != nil {
		s.Whole.decodedAs(sink.Format, target)
		return nil
	}
	return sink
}

func decodeFunc(fn *types.Func) bool {
	switch fn.Name() {
	case "UnmarshalRead", "DecodeReader", "UnmarshalReader":
		return true
	}
	return false
}

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
	data, target := f.unmarshals(call)
	if data == nil {
		return
	}
	if s := f.wholeOf(data, 0); s != nil {
		s.decodedAs(f.format(call), target)
	} else if s := f.partOf(data); s != nil {
		s.decodedAs(f.format(call), target)
	}
}

// decodedAs notes what the bytes of a read are decoded into.
func (s *Sink) decodedAs(format string, target ast.Expr) {
	s.Decodes = append(s.Decodes, target)
	if s.Format == "" {
		s.Format = format
	}
}

// partOf is the sink that filled the document whose undecoded part the bytes
// are, or nil.
func (f *Func) partOf(data ast.Expr) *Sink {
	if _, ok := ast.Unparen(data).(*ast.SelectorExpr); !ok || f.Root(data) == nil {
		return nil
	}
	for _, s := range f.sinks {
		for _, t := range append(s.Decodes[:len(s.Decodes):len(s.Decodes)], s.Target) {
			if t != nil && f.Root(t) == f.Root(data) {
				return s
			}
		}
	}
	return nil
}
