package flow

import (
	"go/ast"
	"go/types"
	"strings"
)

// unmarshals says what a call decodes bytes into: which expression has the
// bytes and which is filled. It sees json.Unmarshal(b, &v) and its like,
// v.Unmarshal(b) of generated code, and helpers that do one of them.
func (f *Func) unmarshals(call *ast.CallExpr) (data, target ast.Expr) {
	fn := f.Callee(call)
	if fn == nil {
		return nil, nil
	}
	if strings.HasPrefix(fn.Name(), "Unmarshal") {
		switch {
		case len(call.Args) >= 2 && IsText(f.TypeOf(call.Args[0])):
			return call.Args[0], call.Args[1]
		case len(call.Args) == 1 && IsText(f.TypeOf(call.Args[0])) && fn.Signature().Recv() != nil:
			return call.Args[0], Receiver(call)
		}
	}
	for _, p := range f.Pkg.SummaryOf(fn).Parses {
		data = arg(call, p.Bytes)
		if p.To <= result {
			target = f.takenAs(call, result-p.To)
			if _, returned := f.Parent(call).(*ast.ReturnStmt); returned {
				target = call
			}
		} else {
			target = arg(call, p.To)
		}
		if data != nil && target != nil {
			return data, target
		}
	}
	return nil, nil
}

// summarizeParses notes the decodes of bytes that came as a parameter, when
// the caller gets what they fill.
func (f *Func) summarizeParses(s *Summary) {
	for _, call := range f.Calls {
		data, target := f.unmarshals(call)
		if data == nil {
			data, target = f.decodesBytes(call)
		}
		if data == nil || target == nil {
			continue
		}
		from, ok := f.params[f.bytesOf(data)]
		if !ok || from.lit != nil || from.index < 0 {
			continue
		}
		if to, ok := f.params[f.Object(target)]; ok && to.lit == nil && to.index >= 0 {
			s.addParse(Parse{from.index, to.index, f.format(call)})
		} else if i, ok := f.returnedAt(f.Root(target)); ok {
			s.addParse(Parse{from.index, result - i, f.format(call)})
		}
	}
}

func (s *Summary) addParse(p Parse) {
	for _, have := range s.Parses {
		if have == p {
			return
		}
	}
	if len(s.Parses) < maxReads {
		s.Parses = append(s.Parses, p)
	}
}

// decodesBytes is NewDecoder(bytes.NewReader(b)).Decode(&v).
func (f *Func) decodesBytes(call *ast.CallExpr) (data, target ast.Expr) {
	fn := f.Callee(call)
	if fn == nil || fn.Name() != "Decode" || len(call.Args) != 1 || !strings.HasSuffix(typeName(f.TypeOf(Receiver(call))), "Decoder") {
		return nil, nil
	}
	made := f.madeBy(Receiver(call))
	if made == nil || len(made.Args) == 0 {
		return nil, nil
	}
	reader := f.madeBy(made.Args[0])
	if reader == nil || len(reader.Args) != 1 {
		return nil, nil
	}
	if fn := f.Callee(reader); fn == nil || !memory[fn.FullName()] {
		return nil, nil
	}
	return reader.Args[0], call.Args[0]
}

// madeBy is the call an expression is, or that its variable was set to.
func (f *Func) madeBy(e ast.Expr) *ast.CallExpr {
	switch x := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return x
	case *ast.Ident:
		if d := f.last(f.Object(x), x.Pos()); d != nil && !d.each && d.index <= 0 {
			return callIn(d.rhs)
		}
	}
	return nil
}

// bytesOf is the variable whose bytes an expression has, through conversions.
func (f *Func) bytesOf(e ast.Expr) types.Object {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(call.Args) > 0 && f.sameBytes(call) {
		return f.bytesOf(call.Args[0])
	}
	return f.Object(e)
}

// returnedAt is the index of the result the variable, or its address, is
// returned as.
func (f *Func) returnedAt(o types.Object) (int, bool) {
	if o == nil {
		return 0, false
	}
	if f.IsResult(o) {
		return f.resultIndex(o), true
	}
	index, found := 0, false
	f.returns(func(r *ast.ReturnStmt) {
		for i, e := range r.Results {
			if !found && f.given(e, o) {
				index, found = i, true
			}
		}
	})
	return index, found
}
