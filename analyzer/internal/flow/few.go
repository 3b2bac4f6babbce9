package flow

import (
	"go/ast"
	"go/constant"
	"go/types"
	"reflect"
	"strings"
)

// StatesSize reports whether the function's request says how many items it
// wants, whatever its caller chose: a query parameter that is a number of items.
func (f *Func) StatesSize() bool {
	for _, call := range f.Calls {
		switch methodName(call) {
		case "Set", "Add", "SetQueryParam", "Param":
			if len(call.Args) == 2 && !f.Inside(call, isIf) && countKeys.MatchString(f.text(call.Args[0])) {
				return true
			}
		}
	}
	return f.addressHasSize()
}

// addressHasSize reports whether a string of the function is an address, or a
// query of GraphQL, with a number of items in it.
func (f *Func) addressHasSize() bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && !found && !f.Inside(e, isIf) {
			found = sizeText.MatchString(f.text(e))
		}
		return !found
	})
	return found
}

func isIf(n ast.Node) bool { _, ok := n.(*ast.IfStmt); return ok }

// text is the value of a string constant expression, or "".
func (f *Func) text(e ast.Expr) string {
	if tv, ok := f.Pkg.Info.Types[e]; ok && tv.Value != nil && tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
	}
	return ""
}

// Syndicated reports whether the type is a document of RSS, Atom or JSON Feed,
// which list the newest few, or of OPML, which lists such feeds.
func Syndicated(t types.Type) bool { return syndicated(t, "", shapeDepth) }

func syndicated(t types.Type, above string, depth int) bool {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return syndicated(u.Elem(), above, depth)
	case *types.Slice:
		return syndicated(u.Elem(), above, depth)
	case *types.Struct:
		if depth == 0 {
			return false
		}
		for i := range u.NumFields() {
			if tag, _, _ := strings.Cut(reflect.StructTag(u.Tag(i)).Get("json"), ","); tag == "home_page_url" {
				return true // JSON Feed
			}
			tag, _, _ := strings.Cut(reflect.StructTag(u.Tag(i)).Get("xml"), ",")
			tag = tag[strings.LastIndex(tag, " ")+1:] // behind its namespace
			if u.Field(i).Name() == "XMLName" {
				switch tag {
				case "opml":
					return true // the feeds that somebody subscribed to
				case "feed", "RDF":
					above = tag
				}
				continue
			}
			switch at := strings.Trim(above+">"+tag, ">"); {
			case strings.HasSuffix(at, "channel>item"), at == "feed>entry", at == "RDF>item":
				return true
			case tag != "" && syndicated(u.Field(i).Type(), at, depth-1):
				return true
			}
		}
	}
	return false
}

// AsksForNewest reports whether the address or the document says that only the
// newest few are listed.
func (f *Func) AsksForNewest(target types.Type) bool {
	if s, ok := deref(target).Underlying().(*types.Struct); ok {
		for i := range s.NumFields() {
			if newestText.MatchString(s.Field(i).Name()) || newestText.MatchString(s.Tag(i)) {
				return true
			}
		}
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && !found {
			text := f.text(e)
			found = strings.Contains(text, "/") && newestText.MatchString(text)
		}
		return !found
	})
	return found || f.Pkg.newestOnly()
}

// newestOnly reports whether a constant of the package is such an address.
func (p *Package) newestOnly() bool {
	scope := p.Pass.Pkg.Scope()
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if !ok || c.Val().Kind() != constant.String {
			continue
		}
		if text := constant.StringVal(c.Val()); strings.Contains(text, "/") && newestText.MatchString(text) {
			return true
		}
	}
	return false
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// TargetType is the type a sink fills; of a call that returns what it decoded,
// its first result.
func (f *Func) TargetType(e ast.Expr) types.Type {
	t := f.TypeOf(e)
	if tup, ok := t.(*types.Tuple); ok && tup.Len() > 0 {
		return tup.At(0).Type()
	}
	return t
}

// Foreign reports whether the sink is in a helper of another module: what that
// helper returns whole, its own author can't be told.
func (f *Func) Foreign(s *Sink) bool {
	if s.Via == nil || s.Fn.Pkg() == nil {
		return false
	}
	own, other := f.Pkg.Pass.Pkg.Path(), s.Fn.Pkg().Path()
	return moduleOf(own) != moduleOf(other)
}

// moduleOf guesses a module's path: host, owner and name.
func moduleOf(pkg string) string {
	parts := strings.SplitN(pkg, "/", 4)
	return strings.Join(parts[:min(3, len(parts))], "/")
}
