package flow

import (
	"go/ast"
	"go/types"
	"strings"
)

// formats are the formats of documents that a decoder's package or method is
// named after.
var formats = []string{"msgpack", "proto", "yaml", "toml", "json", "html", "cbor", "csv", "gob", "xml"}

// formatOf is the format of the documents that a decoding function reads, or "".
func formatOf(fn *types.Func) string {
	if fn == nil || fn.Pkg() == nil {
		return ""
	}
	path := fn.Pkg().Path()
	// UnmarshalJSON in a package of any name, else the path of the package, where
	// protobuf's protojson is json.
	for _, text := range []string{fn.Name(), strings.TrimPrefix(path, "google.golang.org/protobuf/encoding/proto"), path} {
		text = strings.ToLower(text)
		for _, format := range formats {
			if strings.Contains(text, format) {
				return format
			}
		}
	}
	if strings.Contains(path, "goquery") {
		return "html"
	}
	return ""
}

// format is the format that a call decodes, itself or in a helper.
func (f *Func) format(call *ast.CallExpr) string {
	fn := f.Callee(call)
	if fn == nil {
		return ""
	}
	for _, p := range f.Pkg.SummaryOf(fn).Parses {
		if p.Format != "" {
			return p.Format
		}
	}
	return formatOf(fn)
}

// Reshaped says what the function's signature must become for its results not to
// hold all that was read: "take a func(Item) error, or return an
// iter.Seq2[Item, error], instead of []Item". It is "" where no result does.
func (f *Func) Reshaped() string {
	if f.Type.Results == nil {
		return ""
	}
	for _, field := range f.Type.Results.List {
		t := f.TypeOf(field.Type)
		if IsError(t) {
			continue
		}
		if isBytes(t) {
			return "return an io.ReadCloser instead of []byte"
		}
		if ShapeOf(t) >= Names {
			return f.itemwise(t)
		}
	}
	return ""
}

// itemwise is what to take or return instead of a type that has every item.
func (f *Func) itemwise(t types.Type) string {
	instead := f.TypeString(t)
	switch u := deref(t).Underlying().(type) {
	case *types.Slice:
		elem := f.TypeString(u.Elem())
		return "take a func(" + elem + ") error, or return an iter.Seq2[" + elem + ", error], instead of " + instead
	case *types.Map:
		return "take a func(" + f.TypeString(u.Key()) + ", " + f.TypeString(u.Elem()) + ") error instead of " + instead
	case *types.Struct:
		if elem := itemOf(u, shapeDepth); elem != nil {
			return "take a func(" + f.TypeString(elem) + ") error instead of returning " + instead
		}
	}
	return "take a function that is called with each item instead of " + instead
}

// itemOf is the type of the items of the first list in a document, or nil.
func itemOf(s *types.Struct, depth int) types.Type {
	for field := range s.Fields() {
		switch u := field.Type().Underlying().(type) {
		case *types.Slice:
			if listOf(u.Elem()) == Collection {
				return u.Elem()
			}
		case *types.Map:
			if mapOf(u.Elem()) == Collection {
				return u.Elem()
			}
		}
	}
	for field := range s.Fields() {
		if u, ok := deref(field.Type()).Underlying().(*types.Struct); ok && depth > 0 {
			if elem := itemOf(u, depth-1); elem != nil {
				return elem
			}
		}
	}
	return nil
}

// Zips reports whether the bytes of a sink are opened as a zip archive, which
// wants to read at any place.
func (f *Func) Zips(s *Sink) bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || fn.FullName() != "archive/zip.NewReader" || len(call.Args) == 0 {
			continue
		}
		at := ast.Unparen(call.Args[0])
		if made := f.madeBy(at); made != nil && len(made.Args) > 0 {
			at = made.Args[0]
		}
		if f.wholeOf(at, 0) == s {
			return true
		}
	}
	return false
}
