package flow

import (
	"go/ast"
	"go/types"
	"slices"
	"sort"

	"github.com/syncmem/syncmem/analyzer/internal/comment"
)

// summarize computes the summary of a function, and those of its callees
// first. In a cycle of calls the one being computed counts as empty.
func (f *Func) summarize() *Summary {
	switch f.state {
	case 1:
		return new(Summary)
	case 2:
		return f.summary
	}
	f.state = 1
	s := &Summary{Known: true}
	if comment.HasVerb(f.Doc, comment.FirstStage) {
		s.Stage = "//memvet:firststage"
	}
	s.Not = comment.HasVerb(f.Doc, comment.NotFirstStage)
	if f.Obj != nil {
		f.summarizeWalks(s)
		f.summarizeReads(s)
		f.summarizeParses(s)
		f.summarizeFeeds(s)
		f.summarizeFills(s)
		f.summarizeStreams(s)
		f.summarizePages(s)
		f.summarizeCuts(s)
		f.summarizeFetches(s)
		f.summarizeBounds(s)
		s.Bounded = s.Bounded || f.Obj == readMethod(f.recvType()) && f.lowersField()
	}
	f.summary, f.state = s, 2
	return s
}

// summarizeWalks finds the function parameters that are called in a loop, or
// handed to somebody who does.
func (f *Func) summarizeWalks(s *Summary) {
	for _, call := range f.Calls {
		if i, ok := f.funcParam(call.Fun); ok {
			if loop, _ := f.Loop(call); loop != nil && !f.retries(loop) {
				s.addWalk(i)
			}
		}
		for n, a := range call.Args {
			if i, ok := f.funcParam(a); ok && f.walker(call, n) {
				s.addWalk(i)
			}
		}
	}
	sort.Ints(s.WalkArg)
}

func (s *Summary) addWalk(i int) {
	if !s.Walks(i) {
		s.WalkArg = append(s.WalkArg, i)
	}
}

// summarizeFeeds finds the function parameters that are called with a stream
// the function opens.
func (f *Func) summarizeFeeds(s *Summary) {
	for _, call := range f.Calls {
		i, ok := f.funcParam(call.Fun)
		if !ok || slices.Contains(s.Feeds, i) {
			continue
		}
		for _, a := range call.Args {
			if (isReader(f.TypeOf(a)) || isHTTP(f.TypeOf(a))) && f.argStream(a).Kind == Remote {
				s.Feeds = append(s.Feeds, i)
				break
			}
		}
	}
	slices.Sort(s.Feeds)
}

// funcParam is the index of the function's own parameter of function type that
// the expression names.
func (f *Func) funcParam(e ast.Expr) (int, bool) {
	o := f.Object(e)
	if o == nil {
		return 0, false
	}
	if _, ok := o.Type().Underlying().(*types.Signature); !ok {
		return 0, false
	}
	p, ok := f.params[o]
	return p.index, ok && p.lit == nil
}

// returns calls do for the function's own return statements.
func (f *Func) returns(do func(*ast.ReturnStmt)) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			do(n)
		}
		return true
	})
}

// Returns calls do for the function's own return statements.
func (f *Func) Returns(do func(*ast.ReturnStmt)) { f.returns(do) }
