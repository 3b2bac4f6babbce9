package accumulate

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// gathers reports queues that are filled before anything takes from them. That
// needs no role: whoever waits in such a put waits for itself.
func gathers(p *check.Pass, f *flow.Func) {
	for _, fill := range f.Fills() {
		doubt := ""
		if room := capacity(f, fill.Made); room != nil {
			switch {
			case asLong(f, room):
				continue
			case f.Pkg.Info.Types[room].Value == nil:
				doubt = "the channel may have room for all of them"
			}
		}
		q := fill.Queue
		finding := check.Finding{At: fill.At, Doubt: doubt, Message: fmt.Sprintf(
			"every unit is put into %s before the first is taken from it: %s; start what takes from %s in a goroutine first, or put from one",
			q.Name(), waits(f, fill.Made), q.Name())}
		if fill.Taken != nil {
			finding.Related = []analysis.RelatedInformation{check.Related(fill.Taken, "nothing takes from %s before this", q.Name())}
		}
		p.Report(finding)
	}
}

// capacity is that of a plain channel as it is written; nil for an accounted
// queue, and for a channel without one.
func capacity(f *flow.Func, made *ast.CallExpr) ast.Expr {
	if flow.IsQueue(f.TypeOf(made)) || len(made.Args) < 2 {
		return nil
	}
	return made.Args[1]
}

// asLong reports whether a capacity comes from the length of a list, through
// variables, or a number of units that is known: then there is room for all.
func asLong(f *flow.Func, e ast.Expr) bool { return asLongAs(f, e, 4) }

func asLongAs(f *flow.Func, e ast.Expr, depth int) bool {
	if depth == 0 {
		return true // nobody knows: silence
	}
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			id, ok := n.Fun.(*ast.Ident)
			found = found || ok && (id.Name == "len" || id.Name == "cap")
		case *ast.Ident:
			if rhs, _, _ := f.Value(f.Object(n), n.Pos()); rhs != nil {
				found = found || asLongAs(f, rhs, depth-1)
			}
		}
		return !found
	})
	return found
}

// waits says what the put waits for.
func waits(f *flow.Func, made *ast.CallExpr) string {
	if _, isChan := f.TypeOf(made).Underlying().(*types.Chan); isChan {
		return "once the channel is full, the send waits for ever"
	}
	return "once the budget or the queue is full, Put waits for what nobody gives back"
}
