package memacct

import (
	"context"
	"runtime/pprof"
	"slices"

	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// The pprof labels that [Account.Stage] sets. They show in goroutine and CPU profiles.
const (
	LabelAccount = "syncmem.account"
	LabelStage   = "syncmem.stage"
)

// stage is one that runs.
type stage struct {
	a    *Account
	name string
	goid uint64
}

// Stage runs fn, one stage of a pipeline or the first stage, and returns its error. Reports know by it who is
// who: its goroutine, those that it starts, and the loops and puts that are given the context which fn gets.
// It costs some microseconds, once. With a nil account it sets the label of the stage alone.
func (a *Account) Stage(ctx context.Context, name string, fn func(ctx context.Context) error) (err error) {
	labels := []string{LabelStage, name}
	if a != nil {
		labels = append(labels, LabelAccount, a.acct.Name)
	}
	pprof.Do(ctx, pprof.Labels(labels...), func(ctx context.Context) {
		if a != nil && a.b.mode != Off {
			s := &stage{a, name, stacks.GoroutineID()}
			a.b.beginStage(s)
			defer a.b.endStage(s)
		}
		err = fn(ctx)
	})
	return err
}

// beginStage notes a stage that runs.
func (b *Budget) beginStage(s *stage) {
	b.enter()
	b.holders.stages = append(b.holders.stages, s)
	b.leaveQuietly()
}

// endStage forgets it.
func (b *Budget) endStage(s *stage) {
	b.enter()
	b.holders.stages = slices.DeleteFunc(b.holders.stages, func(o *stage) bool { return o == s })
	b.leaveQuietly()
}

// stageOf is the name of the stage that a context belongs to, "" if none.
func stageOf(ctx context.Context) string {
	if ctx == nil {
		return ""
	}
	name, _ := pprof.Label(ctx, LabelStage)
	return name
}
