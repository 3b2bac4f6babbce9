package flow

import (
	"go/ast"
	"go/build"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/syncmem/syncmem/analyzer/internal/guard"
)

// Analyzer computes the summaries of a package's functions and exports them as
// facts. It reports nothing; the checks require it.
var Analyzer = &analysis.Analyzer{
	Name:       "memflow",
	Doc:        "memflow summarizes what functions do with streams, for the checks of memvet",
	Run:        run,
	ResultType: reflect.TypeFor[*Package](),
	FactTypes:  []analysis.Fact{new(Summary), new(Failed)},
}

// Package is what is known of one package. It is built on first use, so that a
// package nobody asks about costs nothing beyond its facts.
type Package struct {
	Pass  *analysis.Pass
	Info  *types.Info
	Fset  *token.FileSet
	Funcs []*Func // in order of position
	// Broken is what the analysis of this package crashed with, or "".
	Broken string

	byObj     map[*types.Func]*Func
	sites     map[*types.Func][]Site // the calls of the package's own functions
	uses      map[*types.Func]int    // how often each is named, in calls or not
	calls     map[*types.Func]int    // how often each is called, from any package; built when asked for
	generated map[*token.File]bool
	stages    []*types.Func // interface methods that make a first stage
	staged    bool
	once      sync.Once
	mu        sync.Mutex // the checks of one package run concurrently
}

// Site is a call of a function of this package.
type Site struct {
	Caller *Func
	Call   *ast.CallExpr
}

// CallsOf are the calls of a function in its own package, in order.
func (p *Package) CallsOf(fn *types.Func) []Site { return p.sites[fn] }

// Func is the package's function with a body, or nil.
func (p *Package) Func(fn *types.Func) *Func { return p.byObj[fn] }

// Func is a function with a body: a declaration, or a literal outside of any.
// Literals inside belong to the function they are written in.
type Func struct {
	Pkg   *Package
	Obj   *types.Func // nil for a literal in a package variable
	Name  string      // as a reader would say it: "(*T).Method"
	Type  *ast.FuncType
	Recv  *ast.FieldList
	Doc   *ast.CommentGroup
	Body  *ast.BlockStmt
	Calls []*ast.CallExpr // all, also inside its literals

	defs    map[types.Object][]def
	params  map[types.Object]param
	parents map[ast.Node]ast.Node

	summary *Summary
	state   uint8 // of summary: 0 unknown, 1 being computed, 2 known
	sinks   []*Sink
	sunk    bool
	fill    map[types.Object][]*Sink // which reads filled a variable
}

func run(pass *analysis.Pass) (any, error) {
	p := &Package{Pass: pass, Info: pass.TypesInfo, Fset: pass.Fset}
	if Standard(pass) {
		return p, nil // what the standard library does is in known.go
	}
	p.Broken = guard.Catch(pass, "facts", func() {
		p.build()
		p.exportFacts()
	})
	if p.Broken != "" {
		pass.ExportPackageFact(&Failed{p.Broken})
	}
	return p, nil
}

// Standard reports whether the package is part of the Go distribution. The
// place of its files tells, since an import path cannot: "a" is a fine path.
func Standard(pass *analysis.Pass) bool {
	if len(pass.Files) == 0 {
		return false
	}
	root := filepath.Join(build.Default.GOROOT, "src") + string(filepath.Separator)
	return strings.HasPrefix(pass.Fset.Position(pass.Files[0].Package).Filename, root)
}

// Use runs f with the package built. The checks of one package run at the same
// time and share the lazily built parts, hence the lock.
func (p *Package) Use(f func(*Package)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.build()
	f(p)
}

// beforeBuild lets a test crash the analysis of a package.
var beforeBuild = func(*Package) {}

func (p *Package) build() {
	p.once.Do(func() {
		beforeBuild(p)
		p.byObj = map[*types.Func]*Func{}
		p.sites = map[*types.Func][]Site{}
		p.generated = map[*token.File]bool{}
		for _, file := range p.Pass.Files {
			if ast.IsGenerated(file) && !p.fromCgo(file) {
				p.generated[p.Fset.File(file.FileStart)] = true
			}
			for _, decl := range file.Decls {
				p.addDecl(decl)
			}
		}
	})
}

// fromCgo reports whether the file is what cgo made of one that a person wrote:
// its line directives lead to another Go file. Other generators lead to their
// grammars.
func (p *Package) fromCgo(file *ast.File) bool {
	written := p.Fset.Position(file.Package).Filename
	return strings.HasSuffix(written, ".go") && written != p.Fset.File(file.FileStart).Name()
}

func (p *Package) addDecl(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Body != nil {
			obj, _ := p.Info.Defs[d.Name].(*types.Func)
			p.addFunc(&Func{Pkg: p, Obj: obj, Name: declName(d), Type: d.Type, Recv: d.Recv, Doc: d.Doc, Body: d.Body})
		}
	case *ast.GenDecl:
		ast.Inspect(d, func(n ast.Node) bool {
			lit, ok := n.(*ast.FuncLit)
			if ok {
				p.addFunc(&Func{Pkg: p, Name: "func literal", Type: lit.Type, Body: lit.Body})
			}
			return !ok
		})
	}
}

func declName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := types.ExprString(d.Recv.List[0].Type)
	if strings.HasPrefix(t, "*") {
		t = "(" + t + ")"
	}
	return t + "." + d.Name.Name
}

func (p *Package) addFunc(f *Func) {
	p.Funcs = append(p.Funcs, f)
	if f.Obj != nil {
		p.byObj[f.Obj] = f
	}
	f.collect()
	for _, call := range f.Calls {
		if fn := f.Callee(call); fn != nil && fn.Pkg() == p.Pass.Pkg {
			p.sites[fn] = append(p.sites[fn], Site{f, call})
		}
	}
}

// Callee is the function or method a call names, seeing through a variable
// that was set to one. It is nil for a call of an unknown function value.
func (f *Func) Callee(call *ast.CallExpr) *types.Func {
	if fn, ok := typeutil.Callee(f.Pkg.Info, call).(*types.Func); ok {
		return fn.Origin()
	}
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if d := f.last(f.Pkg.Info.Uses[id], id.Pos()); d != nil && d.index < 0 {
			return f.funcValue(d.rhs)
		}
	}
	return nil
}

func (f *Func) funcValue(e ast.Expr) *types.Func {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	default:
		return nil
	}
	fn, _ := f.Pkg.Info.Uses[id].(*types.Func)
	if fn == nil {
		return nil
	}
	return fn.Origin()
}

// Skip reports whether findings at pos are not wanted: generated code, programs
// that are not shipped, and tests with their helpers unless asked for.
func (p *Package) Skip(pos token.Pos) bool {
	file := p.Fset.File(pos)
	if file == nil {
		return true
	}
	if !Options.Tests && (strings.HasSuffix(file.Name(), "_test.go") || testNames.MatchString(p.Pass.Pkg.Name()) || testPaths.MatchString(p.Pass.Pkg.Path())) {
		return true
	}
	if p.Pass.Pkg.Name() == "main" && sidePaths.MatchString(p.Pass.Pkg.Path()) {
		return true
	}
	return p.generated[file]
}

// TypeOf is the type of an expression, never nil.
func (f *Func) TypeOf(e ast.Expr) types.Type {
	if t := f.Pkg.Info.TypeOf(e); t != nil {
		return t
	}
	return types.Typ[types.Invalid]
}

// Object is the variable an expression names, or nil.
func (f *Func) Object(e ast.Expr) types.Object {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	if o := f.Pkg.Info.Uses[id]; o != nil {
		return o
	}
	return f.Pkg.Info.Defs[id]
}

// FailedImport reports whether the facts of an imported package are missing
// because its analysis crashed, and with what. Facts belong to the analyzer
// that made them, so they are asked for through its pass.
func (p *Package) FailedImport(pkg *types.Package) (string, bool) {
	f := new(Failed)
	ok := p.Pass.ImportPackageFact(pkg, f)
	return f.Message, ok
}
