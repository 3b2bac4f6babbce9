package flow

import (
	"go/types"
	"strings"
)

// Shape is what a type holds, as far as memory goes.
type Shape uint8

// The shapes.
const (
	Single     Shape = iota // one thing, or too little to matter
	Lookup                  // a map to scalars: wanted whole by whoever asks for one
	Names                   // many strings or numbers
	Any                     // whatever the document holds
	Collection              // many things
)

// shapeDepth is how far into nested structs a collection is looked for: root,
// section, list is the deepest that documents in the wild nest it.
const shapeDepth = 3

// ShapeOf classifies the value a decoder fills or a function returns.
func ShapeOf(t types.Type) Shape { return shapeOf(t, shapeDepth) }

func shapeOf(t types.Type, depth int) Shape {
	if isRaw(t) {
		return Any
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return shapeOf(u.Elem(), depth)
	case *types.Slice:
		return listOf(u.Elem())
	case *types.Array:
		return Single // its length is in the source
	case *types.Map:
		if depth < shapeDepth && isRaw(u.Elem()) {
			return Collection // the items of a document, left as they are
		}
		return mapOf(u.Elem())
	case *types.Interface:
		if u.Empty() {
			return Any
		}
	case *types.Struct:
		if depth > 0 && isContainer(t, u, depth) {
			return Collection
		}
	}
	return Single
}

// IsList reports whether the type is a list or a map of many things, or a pointer
// to one.
func IsList(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer:
		return IsList(deref(t))
	case *types.Slice, *types.Map:
		return ShapeOf(t) == Collection
	}
	return false
}

// OnlyNames reports whether all that a document lists are strings or numbers.
func OnlyNames(t types.Type) bool {
	switch u := deref(t).Underlying().(type) {
	case *types.Slice:
		return listOf(u.Elem()) == Names
	case *types.Struct:
		lists, rest, names := 0, 0, 0
		countFields(u, shapeDepth, &lists, &rest, &names)
		return lists == 0 && names > 0 && !hasIndex(u)
	}
	return false
}

// OnePage reports whether a document says where the next one is, or that there is
// one: then it is a page, as long as its server makes pages.
func OnePage(t types.Type) bool { return onePage(t, shapeDepth) }

func onePage(t types.Type, depth int) bool {
	s, ok := deref(t).Underlying().(*types.Struct)
	if !ok || depth == 0 {
		return false
	}
	for field := range s.Fields() {
		if IsBasic(deref(field.Type())) && nextFields.MatchString(field.Name()) {
			return true
		}
		if field.Embedded() && onePage(field.Type(), depth-1) {
			return true
		}
		// The list may be in a page that the document has as a field.
		if listNames.MatchString(typeName(field.Type())) || onePageNames.MatchString(typeName(field.Type())) {
			if onePage(field.Type(), depth-1) {
				return true
			}
		}
	}
	return false
}

func listOf(elem types.Type) Shape {
	switch u := elem.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.Byte {
			return Single
		}
		return Names
	}
	if types.Implements(elem, errorType) {
		return Single
	}
	return Collection
}

// mapOf: a map to scalars, or to structs of at most two, is a table somebody
// looks things up in, and there is no streaming form of that.
func mapOf(elem types.Type) Shape {
	switch u := elem.Underlying().(type) {
	case *types.Basic:
		return Lookup
	case *types.Interface:
		return Any
	case *types.Struct:
		if IsNamed(elem, "time", "Time") || u.NumFields() <= 2 && onlyScalars(u) {
			return Lookup
		}
	case *types.Slice:
		if listOf(u.Elem()) != Collection {
			return Lookup
		}
	}
	return Collection
}

func onlyScalars(s *types.Struct) bool {
	for i := range s.NumFields() {
		if _, ok := s.Field(i).Type().Underlying().(*types.Basic); !ok {
			return false
		}
	}
	return true
}

// isContainer tells a document that is a list with a header from an item that
// has lists among its many fields: the lists outnumber the rest, or the rest
// is no more than a header's worth, or the type is called a list.
func isContainer(t types.Type, s *types.Struct, depth int) bool {
	lists, rest, names := 0, 0, 0
	countFields(s, depth, &lists, &rest, &names)
	if lists+names > 0 && listNames.MatchString(typeName(t)) {
		return true
	}
	if lists == 0 && names == 1 && rest <= 1 || hasIndex(s) {
		return true
	}
	rest += names
	return lists > 0 && (lists > rest || rest <= headerFields)
}

// hasIndex reports whether a field is a map of lists of things: an index,
// whatever else comes with it.
func hasIndex(s *types.Struct) bool {
	for field := range s.Fields() {
		if m, ok := field.Type().Underlying().(*types.Map); ok {
			if l, ok := m.Elem().Underlying().(*types.Slice); ok && listOf(l.Elem()) == Collection {
				return true
			}
		}
	}
	return false
}

// headerFields is how many scalars a list's header has at most: name, version,
// date.
const headerFields = 3

func countFields(s *types.Struct, depth int, lists, rest, names *int) {
	answer := tellsErrors(s)
	for i := range s.NumFields() {
		field := s.Field(i)
		if field.Name() == "XMLName" {
			continue
		}
		if u, ok := field.Type().Underlying().(*types.Struct); ok && field.Embedded() && depth > 0 {
			countFields(u, depth-1, lists, rest, names)
			continue
		}
		switch shapeOf(field.Type(), depth-1) {
		case Collection:
			if answer && sideNames.MatchString(field.Name()) {
				*rest++
			} else {
				*lists++
			}
		case Names:
			if !sideNames.MatchString(field.Name()) {
				*names++
			}
		default:
			*rest++
		}
	}
}

// tellsErrors reports whether a struct is an answer that lists what went wrong: then its
// lists of errors and messages are beside what was asked for.
func tellsErrors(s *types.Struct) bool {
	for field := range s.Fields() {
		if _, ok := field.Type().Underlying().(*types.Slice); ok && errorNames.MatchString(field.Name()) {
			return true
		}
	}
	return false
}

var errorType = types.Universe.Lookup("error").Type().Underlying().(*types.Interface)

// IsError reports whether t is error or implements it.
func IsError(t types.Type) bool { return types.Implements(t, errorType) }

// isRaw reports whether t is a part of a document that is left as it is. From
// Go 1.27 on json.RawMessage is an alias of a type called Value.
func isRaw(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	switch n.Obj().Name() {
	case "RawMessage", "RawValue":
		return true
	}
	return IsNamed(t, "encoding/json/jsontext", "Value")
}

// named is the package path and name of a type, through pointers.
func named(t types.Type) (pkg, name string) {
	if p, ok := t.Underlying().(*types.Pointer); ok { // also type Response *http.Response
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if n.Obj().Pkg() != nil {
			pkg = n.Obj().Pkg().Path()
		}
		return pkg, n.Obj().Name()
	}
	return "", ""
}

// IsNamed reports whether t, or what it points to, is the type pkg.name.
func IsNamed(t types.Type, pkg, name string) bool {
	p, n := named(t)
	return n == name && (p == pkg || strings.HasSuffix(p, "/vendor/"+pkg))
}

// IsAddress reports whether t, or what it points to, is an address or a range of
// addresses of the Internet Protocol.
func IsAddress(t types.Type) bool {
	switch pkg, name := named(t); pkg {
	case "net":
		return name == "IP" || name == "IPNet"
	case "net/netip":
		return true
	}
	return false
}

func isHTTP(t types.Type) bool { return IsNamed(t, "net/http", "Response") }

func isBuffer(t types.Type) bool {
	return IsNamed(t, "bytes", "Buffer") || IsNamed(t, "strings", "Builder")
}

// IsCredential reports whether the type's name says that it is a certificate, a key or
// the like.
func IsCredential(t types.Type) bool { return credentialNames.MatchString(typeName(t)) }

// IsHandle reports whether a value of the type is a way to something that is open,
// and not what is in there: it is read from, or closed.
func IsHandle(t types.Type) bool {
	if isReader(t) {
		return true
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "Close")
	fn, ok := obj.(*types.Func)
	return ok && fn.Signature().Params().Len() == 0
}

// isReader reports whether the type has Read([]byte) (int, error).
func isReader(t types.Type) bool { return readMethod(t) != nil }

func readMethod(t types.Type) *types.Func {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "Read")
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	sig := fn.Signature()
	if sig.Params().Len() != 1 || sig.Results().Len() != 2 || !IsError(sig.Results().At(1).Type()) {
		return nil
	}
	if !isBytes(sig.Params().At(0).Type()) {
		return nil
	}
	return fn
}

func isBytes(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	if !ok {
		return false
	}
	b, ok := s.Elem().Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// IsText reports whether t is a string or []byte.
func IsText(t types.Type) bool { return isBytes(t) || isString(t) }

// IsBody reports whether t is []byte.
func IsBody(t types.Type) bool { return isBytes(t) }

// IsBasic reports whether t is a scalar: a string, a number, a bool.
func IsBasic(t types.Type) bool {
	_, ok := t.Underlying().(*types.Basic)
	return ok
}

// IsFunc reports whether t is a function, as an iterator is.
func IsFunc(t types.Type) bool {
	_, ok := t.Underlying().(*types.Signature)
	return ok
}
