package trackedcopy

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		compared := comparedFields(pkg)
		for _, f := range pkg.Funcs {
			pollMaps(p, f)
			ast.Inspect(f.Body, func(n ast.Node) bool {
				for _, s := range stores(f, n) {
					judge(p, f, s, compared)
				}
				return true
			})
		}
	})
})

// That a value is a copy is not enough. It is tracked when two more signs say
// so: what the field is called, that it can hold what its owner is, and that it
// is set while loading or read by code that looks for changes.
var (
	fieldNames = regexp.MustCompile(`(?i)^(orig|initial|snap|prev|before|clean|loaded|pristine|persisted|stored|baseline|unmodified|old)`)
	loadNames  = regexp.MustCompile(`^(Open$|After|Post|On)(Find|Load|Scan|Select|Fetch|Read|Query|Get)|^(Scan|Load|Unmarshal|From|New|new|Hydrate|Track|Snapshot|Reload|Refresh|Init|load|track|snapshot|hydrate|markClean|MarkClean)`)
	tableNames = regexp.MustCompile(`(?i)^(snap|clean|loaded|persisted|stored)`) // of a map, also that of the state itself
	cloneNames = regexp.MustCompile(`(?i)^(deep_?)?(clone|copy)|^copystructure|^dup(licate)?$`)
	diffNames  = regexp.MustCompile(`(?i)diff|chang|dirty|modified|delta|isequal|needs?(update|save)`)
)

// store is a value put into a field, or into a map that is one.
type store struct {
	at    ast.Node
	field *types.Var
	owner types.Type // of the struct that has the field
	value ast.Expr
}

// stores lists what a node stores: assignments to x.f and x.f[k], the fields
// of a composite literal, and &x.f given to an Unmarshal.
func stores(f *flow.Func, n ast.Node) []store {
	var all []store
	add := func(at ast.Node, place, value ast.Expr) {
		if sel, ok := ast.Unparen(place).(*ast.SelectorExpr); ok {
			if v, ok := f.Pkg.Info.Uses[sel.Sel].(*types.Var); ok && v.IsField() {
				all = append(all, store{at, v, f.TypeOf(sel.X), value})
			}
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, l := range n.Lhs {
			if i >= len(n.Rhs) {
				break
			}
			if ix, ok := ast.Unparen(l).(*ast.IndexExpr); ok {
				add(n, ix.X, n.Rhs[i])
			}
			add(n, l, n.Rhs[i])
		}
	case *ast.CompositeLit:
		for _, elt := range n.Elts {
			kv, ok := elt.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			if id, ok := kv.Key.(*ast.Ident); ok {
				if v, ok := f.Pkg.Info.Uses[id].(*types.Var); ok && v.IsField() {
					all = append(all, store{kv, v, f.TypeOf(n), kv.Value})
				}
			}
		}
	case *ast.CallExpr:
		if fn := f.Callee(n); fn != nil && strings.HasPrefix(fn.Name(), "Unmarshal") && len(n.Args) == 2 {
			if u, ok := ast.Unparen(n.Args[1]).(*ast.UnaryExpr); ok && f.Marshalled(n.Args[0]) != nil {
				add(n, u.X, n.Args[0])
			}
		}
	}
	return all
}

func judge(p *check.Pass, f *flow.Func, s store, compared map[*types.Var]bool) {
	how := copied(f, s)
	if how == "" {
		return
	}
	named := fieldNames.MatchString(s.field.Name()) && !(isTable(s) && tableNames.MatchString(s.field.Name()) && !compared[s.field])
	loading := loadNames.MatchString(f.Name[strings.LastIndex(f.Name, ".")+1:])
	tracks := loading || compared[s.field]
	if !(selfTyped(s) && (named || tracks) || named && tracks) || clones(f, s) {
		return
	}
	p.Report(check.Finding{
		At:      s.at,
		Message: fmt.Sprintf("%s keeps a second copy of the state (%s) to find changes later, which doubles every unit in flight; keep dirty bits or a digest instead", s.field.Name(), how),
		Related: eachItem(f),
	})
}

// eachItem are the places of the package where a loop makes a copy for every item
// by calling the function that keeps one.
func eachItem(f *flow.Func) []analysis.RelatedInformation {
	var all []analysis.RelatedInformation
	for _, site := range f.Pkg.CallsOf(f.Obj) {
		if site.Caller.InLoop(site.Call) {
			all = append(all, check.Related(site.Call, "%s reaches it, too, once for every item", site.Caller.Name))
		}
	}
	return all
}

// copied says how the value is a copy of live state, or "".
func copied(f *flow.Func, s store) string {
	value := ast.Unparen(s.value)
	if perField(f, s) {
		return "copied field by field"
	}
	if root := f.Marshalled(value); root != nil {
		return "a serialized one"
	}
	if id, ok := value.(*ast.Ident); ok {
		rhs, index, each := f.Value(f.Object(id), id.Pos())
		if rhs != nil && index <= 0 && !each {
			value = ast.Unparen(rhs)
		}
		if sel, ok := rhs.(*ast.SelectorExpr); ok && each && index == 1 && types.Identical(deref(f.TypeOf(sel.X)), deref(s.owner)) {
			return "copied entry by entry from " + sel.Sel.Name
		}
		if from := copiedByLoop(f, f.Object(id)); from != nil && from != f.Object(id) {
			return "copied entry by entry from " + from.Name()
		}
		if f.FilledByReflection(f.Object(id)) {
			return "copied field by field with reflection"
		}
	}
	if u, ok := value.(*ast.UnaryExpr); ok { // &original, of original := *p
		if rhs, _, _ := f.Value(f.Object(u.X), u.Pos()); rhs != nil {
			value = ast.Unparen(rhs)
		}
	}
	switch v := value.(type) {
	case *ast.StarExpr:
		if t := f.TypeOf(v); !flow.IsBasic(t) {
			return "a copy of the struct"
		}
	case *ast.CallExpr:
		fn := f.Callee(v)
		if fn == nil {
			return ""
		}
		if cloneNames.MatchString(fn.Name()) {
			return "made by " + flow.ShortName(fn)
		}
		if f.CopiesByReflection(fn) {
			return "copied field by field with reflection"
		}
	}
	return ""
}

// perField reports whether the store is one round of a loop that asks for the
// value of each field: kept[i] = doc.Value(name), in a list or map of any.
func perField(f *flow.Func, s store) bool {
	a, ok := s.at.(*ast.AssignStmt)
	if !ok {
		return false
	}
	if _, ok := ast.Unparen(a.Lhs[0]).(*ast.IndexExpr); !ok {
		return false
	}
	var elem types.Type
	switch t := s.field.Type().Underlying().(type) {
	case *types.Slice:
		elem = t.Elem()
	case *types.Map:
		elem = t.Elem()
	default:
		return false
	}
	if it, ok := elem.Underlying().(*types.Interface); !ok || !it.Empty() {
		return false
	}
	call, ok := ast.Unparen(s.value).(*ast.CallExpr)
	loop, _ := f.Loop(s.at)
	r, isRange := loop.(*ast.RangeStmt)
	if !ok || !isRange || flow.Receiver(call) == nil {
		return false
	}
	for _, arg := range call.Args {
		if f.Object(r.Value) != nil && f.Object(arg) == f.Object(r.Value) {
			return true
		}
	}
	return false
}

// clones reports whether this is a clone being made, where every copy is of the
// field of the same name.
func clones(f *flow.Func, s store) bool {
	if cloneNames.MatchString(f.Name[strings.LastIndex(f.Name, ".")+1:]) {
		return true
	}
	same := false
	ast.Inspect(s.value, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == s.field.Name() {
			same = true
		}
		return !same
	})
	return same
}

// isTable reports whether the field is a map of things that its owner is not one of:
// it may be where they are, and no copy of what is elsewhere.
func isTable(s store) bool {
	_, ok := s.field.Type().Underlying().(*types.Map)
	return ok && !selfTyped(s)
}

// selfTyped reports whether the field can hold what its owner is: the same
// type or a pointer to it, a map of those, or a map of fields.
func selfTyped(s store) bool {
	owner := deref(s.owner)
	switch t := s.field.Type().Underlying().(type) {
	case *types.Map:
		if types.Identical(deref(t.Elem()), owner) {
			return true
		}
		it, ok := t.Elem().Underlying().(*types.Interface)
		return ok && it.Empty()
	}
	return types.Identical(deref(s.field.Type()), owner)
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// comparedFields are the fields read in functions that look for changes.
func comparedFields(pkg *flow.Package) map[*types.Var]bool {
	all := map[*types.Var]bool{}
	for _, f := range pkg.Funcs {
		if !diffNames.MatchString(f.Name) {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if v, ok := f.Pkg.Info.Uses[sel.Sel].(*types.Var); ok && v.IsField() {
					all[v] = true
				}
			}
			return true
		})
	}
	return all
}
