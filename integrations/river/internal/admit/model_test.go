package admit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// judge says what is wrong with an answer. It counts for itself, so that a mistake in the rules is none of its own.
func (w *world) judge(h int, view Host, job Job, a Answer) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("job %d on host %d: %v %s: %s", job.ID-1, h, a.Action, a.Reason, fmt.Sprintf(format, args...))
	}
	used, mates := int64(0), 1
	for _, l := range view.Leases {
		used += l.Bytes
		if l.Group == job.Group && job.Group != "" {
			mates++
		}
	}
	claim := view.Claim
	others := claim != nil && claim.ID != job.ID && claim.before(job)
	first := !slices.ContainsFunc(w.line, func(o int) bool { return w.job(o).before(job) })
	switch {
	case (a.Action == Fail) != (job.Size > w.largest()):
		return wrong("size %d, the largest budget is %d", job.Size, w.largest())
	case a.Action == Admit && used+job.Size > view.Budget:
		return wrong("over the budget: %d + %d of %d", used, job.Size, view.Budget)
	case a.Action == Admit && len(view.Leases) > 0 && (job.Alone || view.Leases[0].Alone):
		return wrong("not alone")
	case a.Action == Admit && mates > max(1, view.Workers-1):
		return wrong("its group has %d of %d workers", mates, view.Workers)
	case a.Action == Admit && others && claim.Priority < job.Priority:
		return wrong("passed a claimant of higher priority")
	case a.Action == Admit && others && claim.Waited >= patience:
		return wrong("passed a claimant that waited for long")
	case a.Action == Claim && others:
		return wrong("took the claim of one before it")
	case a.Action == Claim && job.Size > view.Budget:
		return wrong("claims what will never be")
	case a.Action == Wait && first && job.Size <= view.Budget && mates <= max(1, view.Workers-1):
		return wrong("the first of all that wait is put back")
	}
	return nil
}

var scenarios = []scenario{
	{
		name:  "large among small",
		hosts: []mhost{{budget: 3, workers: 3}, {budget: 2, workers: 2}},
		jobs:  []Job{{Size: 3, Priority: 1}, {Size: 1, Priority: 1}, {Size: 1, Priority: 1}, {Size: 2, Priority: 1}},
	},
	{
		name:  "stream",
		hosts: []mhost{{budget: 3, workers: 4}},
		jobs:  []Job{{Size: 3, Priority: 1}, {Size: 2, Priority: 1}, {Size: 1, Priority: 1}, {Size: 1, Priority: 1}},
		again: []int{2, 3},
	},
	{
		name:  "priorities",
		hosts: []mhost{{budget: 3, workers: 3}, {budget: 3, workers: 2}},
		jobs:  []Job{{Size: 3, Priority: 1}, {Size: 2, Priority: 2}, {Size: 1, Priority: 3}, {Size: 2, Priority: 1}},
		again: []int{2},
	},
	{
		name:  "groups",
		hosts: []mhost{{budget: 4, workers: 2}, {budget: 4, workers: 3}},
		jobs:  []Job{{Size: 1, Priority: 1, Group: "a"}, {Size: 2, Priority: 1, Group: "a"}, {Size: 1, Priority: 1, Group: "a"}, {Size: 4, Priority: 1, Group: "b"}},
	},
	{
		name:  "one worker and groups",
		hosts: []mhost{{budget: 2, workers: 1}},
		jobs:  []Job{{Size: 1, Priority: 1, Group: "a"}, {Size: 2, Priority: 1, Group: "a"}, {Size: 1, Priority: 1}},
	},
	{
		name:  "budgets that fall and rise",
		hosts: []mhost{{budget: 3, workers: 3}, {budget: 2, workers: 2}},
		jobs:  []Job{{Size: 3, Priority: 1}, {Size: 2, Priority: 2}, {Size: 1, Priority: 1}},
		later: []int64{1, 4},
	},
	{
		name:  "hosts that die",
		hosts: []mhost{{budget: 3, workers: 3}, {budget: 3, workers: 2}},
		jobs:  []Job{{Size: 3, Priority: 1}, {Size: 2, Priority: 1}, {Size: 1, Priority: 1}},
		kills: 2,
	},
	{
		name:  "alone",
		hosts: []mhost{{budget: 3, workers: 3}},
		jobs:  []Job{{Size: 1, Priority: 1, Alone: true}, {Size: 1, Priority: 1}, {Size: 1, Priority: 1}, {Size: 3, Priority: 1}},
		later: []int64{9},
		again: []int{1},
	},
	{
		name:  "above every budget",
		hosts: []mhost{{budget: 3, workers: 2}, {budget: 2, workers: 2}},
		jobs:  []Job{{Size: 4, Priority: 1}, {Size: 3, Priority: 2}, {Size: 2, Priority: 1}},
	},
}

// explored is a state, and how the search came to it.
type explored struct {
	w    *world
	from int
	step string
	to   []int // the states that follow
}

// check visits every state that any order of steps leads to. In each of them all that is to end once must still be able
// to; every answer is judged on the way.
func check(sc *scenario, decide rule) (int, error) {
	states := []explored{{w: newWorld(sc), from: nobody}}
	seen := map[string]int{states[0].w.key(): 0}
	for at := 0; at < len(states); at++ {
		for _, s := range states[at].w.steps() {
			next := states[at].w.clone()
			if err := s.do(next, decide); err != nil {
				return len(states), fmt.Errorf("%w\nafter %s", err, trail(states, at, s.name))
			}
			n, ok := seen[next.key()]
			if !ok {
				n = len(states)
				seen[next.key()] = n
				states = append(states, explored{w: next, from: at, step: s.name})
			}
			states[at].to = append(states[at].to, n)
		}
	}
	if i := stuck(states); i >= 0 {
		return len(states), fmt.Errorf("stuck\nafter %s", trail(states, i, ""))
	}
	return len(states), nil
}

// stuck returns a state from which the end can't be reached, or -1.
func stuck(states []explored) int {
	before := make([][]int, len(states))
	var todo []int
	ends := make([]bool, len(states))
	for i, s := range states {
		for _, n := range s.to {
			before[n] = append(before[n], i)
		}
		if s.w.finished() {
			ends[i] = true
			todo = append(todo, i)
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, b := range before[todo[0]] {
			if !ends[b] {
				ends[b] = true
				todo = append(todo, b)
			}
		}
	}
	return slices.Index(ends, false)
}

// finished reports whether all jobs ended but those of a stream.
func (w *world) finished() bool {
	for j, s := range w.jobs {
		if s.at != ended && !slices.Contains(w.sc.again, j) {
			return false
		}
	}
	return true
}

func trail(states []explored, at int, last string) string {
	steps := []string{last}
	for ; at > 0; at = states[at].from {
		steps = append(steps, states[at].step)
	}
	slices.Reverse(steps)
	return strings.Join(steps, "\n  ")
}

func TestEveryOrderIsRight(t *testing.T) {
	for i := range scenarios {
		t.Run(scenarios[i].name, func(t *testing.T) {
			states, err := check(&scenarios[i], Decide)
			require.NoError(t, err)
			t.Logf("%d states", states)
			require.Greater(t, states, 10)
		})
	}
}

// The check is worth something only if it finds the rules wrong that are.
func TestWrongRulesAreFound(t *testing.T) {
	for _, c := range []struct {
		rule  string
		wrong rule
		in    string
		found string
	}{
		{"no claims", func(r Rules, n int64, h Host, j Job) Answer {
			a := Decide(r, n, h, j)
			if a.Action == Claim {
				a.Action = Wait
			}
			return a
		}, "stream", "put back"},
		{"patience without end", func(r Rules, n int64, h Host, j Job) Answer {
			r.Patience *= 1000
			return Decide(r, n, h, j)
		}, "stream", "waited for long"},
		{"the claim is not seen", func(r Rules, n int64, h Host, j Job) Answer {
			h.Claim = nil
			return Decide(r, n, h, j)
		}, "large among small", "took the claim"},
		{"priorities do not count", func(r Rules, n int64, h Host, j Job) Answer {
			a := Decide(r, n, h, j)
			if a.Reason == Behind && h.Claim.Waited < r.Patience && h.fits(j) {
				a.Action = Admit
			}
			return a
		}, "priorities", "higher priority"},
		{"groups do not count", func(r Rules, n int64, h Host, j Job) Answer {
			j.Group = ""
			return Decide(r, n, h, j)
		}, "groups", "workers"},
		{"a lease is forgotten", func(r Rules, n int64, h Host, j Job) Answer {
			h.Leases = h.Leases[:max(0, len(h.Leases)-1)]
			return Decide(r, n, h, j)
		}, "large among small", "over the budget"},
		{"alone is nothing special", func(r Rules, n int64, h Host, j Job) Answer {
			j.Alone = false
			return Decide(r, n, h, j)
		}, "alone", "not alone"},
		{"only this host's budget counts", func(r Rules, _ int64, h Host, j Job) Answer {
			return Decide(r, 0, h, j)
		}, "large among small", "the largest budget"},
		{"claims what does not fit in", func(r Rules, n int64, h Host, j Job) Answer {
			a := Decide(r, n, h, j)
			if a.Reason == Elsewhere {
				a.Action = Claim
			}
			return a
		}, "large among small", "never be"},
		{"a claim keeps out everybody, the claimant too", func(r Rules, n int64, h Host, j Job) Answer {
			a := Decide(r, n, h, j)
			if h.Claim != nil && h.Claim.ID == j.ID && a.Action == Admit {
				a.Action = Claim
			}
			return a
		}, "stream", "stuck"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for i := range scenarios {
				if strings.HasPrefix(scenarios[i].name, c.in) {
					_, err := check(&scenarios[i], c.wrong)
					require.ErrorContains(t, err, c.found)
					return
				}
			}
			t.Fatal("no such scenario")
		})
	}
}
