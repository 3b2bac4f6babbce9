package flow

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"
)

// isSetting reports whether a field's struct holds settings: by its name, its
// package's name, or tags that only configuration has. Then what the field lists
// is as much as somebody wrote down: mirrors, sources, targets. A struct that the
// function decodes from a stream is a document, whatever it is called.
func (f *Func) isSetting(sel *ast.SelectorExpr) bool {
	if f.field(sel) == nil {
		return false
	}
	if o := f.Root(sel); o != nil && f.DecodedWhole(o) {
		return false
	}
	t := f.TypeOf(sel.X)
	pkg, name := named(t)
	if settingNames.MatchString(name) || settingPaths.MatchString(pkg) {
		return true
	}
	s, ok := deref(t).Underlying().(*types.Struct)
	return ok && hasSettingTags(s)
}

// settingTags are the keys of struct tags that only readers of configuration look
// at. Those of json, xml and yaml are in documents, too.
var settingTags = strings.Fields("mapstructure toml hcl env envconfig koanf flag arg long kong ini")

func hasSettingTags(s *types.Struct) bool {
	for i := range s.NumFields() {
		for _, key := range settingTags {
			if _, ok := reflect.StructTag(s.Tag(i)).Lookup(key); ok {
				return true
			}
		}
	}
	return false
}

// asksSettings reports whether a call returns what the user of the program set:
// its arguments, flags, or the environment.
func (f *Func) asksSettings(call *ast.CallExpr) bool {
	fn := f.Callee(call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.FullName() {
	case "flag.Args", "(*flag.FlagSet).Args", "os.Getenv", "os.LookupEnv":
		return true
	case "strings.Split", "strings.Fields", "strings.SplitN", "path/filepath.SplitList":
		asked := callIn(call.Args[0])
		if asked == nil {
			if id, ok := ast.Unparen(call.Args[0]).(*ast.Ident); ok {
				asked = f.madeBy(id)
			}
		}
		return asked != nil && f.asksSettings(asked)
	}
	return flagPaths.MatchString(fn.Pkg().Path())
}

// FromCommandLine reports whether the variable is a list of what the user of the
// program typed: a parameter of strings that is called args, or is a command's, or
// that every call in the package gives such a list. There are as many as somebody
// wrote on one line.
func (f *Func) FromCommandLine(o types.Object) bool { return f.fromCommandLine(o, maxHands) }

// maxHands is through how many functions a list that was typed is followed.
const maxHands = 3

func (f *Func) fromCommandLine(o types.Object, hands int) bool {
	p, ok := f.params[o]
	if !ok || !isStrings(o.Type()) {
		return false
	}
	if argNames.MatchString(o.Name()) || f.ofCommand(p) {
		return true
	}
	sites := f.sitesOf()
	if hands == 0 || p.lit != nil || len(sites) == 0 || f.Obj.Exported() {
		return false
	}
	for _, site := range sites {
		given := arg(site.Call, p.index)
		call := callIn(given)
		typed := call != nil && site.Caller.asksSettings(call)
		if !typed && (given == nil || !site.Caller.fromCommandLine(site.Caller.Object(given), hands-1)) {
			return false
		}
	}
	return true
}

// ofCommand reports whether a parameter belongs to a function that is run for a
// command: it is given that, too.
func (f *Func) ofCommand(p param) bool {
	t := f.Type
	if p.lit != nil {
		t = p.lit.Type
	}
	for _, field := range t.Params.List {
		if pkg, _ := named(f.TypeOf(field.Type)); commandPaths.MatchString(pkg) {
			return true
		}
	}
	return false
}

func isStrings(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	return ok && isString(s.Elem())
}
