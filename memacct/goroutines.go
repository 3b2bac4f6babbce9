package memacct

import (
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Goroutine is where a goroutine of a pipeline is, or several that are at the same place.
type Goroutine struct {
	Stage string // or the queue that it takes from, where the stage has no name
	Count int
	Doing Doing
	State string        // as the runtime says it: "IO wait"; "" where there are too many goroutines to ask for it
	Wait  time.Duration // in that state, in whole minutes
	Where string        // function, file and line, the innermost that is neither ours nor the standard library's; "" if none is

	ids     []uint64
	account string
	busy    bool // it runs, or waits for something outside the program
}

// Doing is what a goroutine of a pipeline is about.
type Doing string

// What there is to do.
const (
	Works   Doing = "works"             // is in code of the stage's
	Takes   Doing = "waits for a unit"  // in a loop
	Puts    Doing = "waits in a put"    // for memory or a slot
	Started Doing = "works for a stage" // was started by a stage's goroutine and is in no loop
)

// mostDumped is how many goroutines a process may have for reports that nobody asked for to look where they
// are. Looking takes up to 450 bytes a goroutine.
const mostDumped = 20_000

// member is what is known of a goroutine beforehand.
type member struct {
	account, stage string
	put            bool // it waits in a put, and that is all that is known of it: its labels and its parents say more
}

// locate picks the goroutines of the budget's pipelines from a dump. members are those known by their numbers;
// others are known by their labels, or by who started them.
// Who took the dump is left out without self.
func locate(d stacks.Dump, self bool, members map[uint64]member, accounts []string) []Goroutine {
	parents := make(map[uint64]uint64, len(d.Goroutines))
	for _, g := range d.Goroutines {
		parents[g.ID] = g.Parent
	}
	var all []Goroutine
	for _, g := range d.Goroutines {
		m, own := members[g.ID]
		if !own || m.put {
			if from := inherited(g, members, parents, accounts); from != (member{}) {
				m, own = from, false
			}
		}
		if m == (member{}) || !self && g.ID == d.Self {
			continue
		}
		all = fold(all, position(g, m, own))
	}
	return all
}

// inherited is what a goroutine has from its labels, or from the one that started it, up to eight back.
func inherited(g stacks.Goroutine, members map[uint64]member, parents map[uint64]uint64, accounts []string) member {
	if name := g.Labels[LabelStage]; name != "" {
		if a := g.Labels[LabelAccount]; slices.Contains(accounts, a) {
			return member{account: a, stage: name}
		}
		return member{} // of another budget
	}
	id := g.Parent
	for range 8 {
		if m, ok := members[id]; ok && !m.put && id != 0 {
			return m
		}
		id = parents[id]
	}
	return member{}
}

// position says where g is.
func position(g stacks.Goroutine, m member, own bool) Goroutine {
	p := Goroutine{
		Stage: m.stage, account: m.account, Count: g.Count, State: g.State, Wait: g.Wait,
		Doing: Works, Where: stacks.Where(g.Stack), busy: stacks.Busy(g),
	}
	if g.ID != 0 {
		p.ids = []uint64{g.ID}
	}
	if !own && g.ID != 0 {
		p.Doing = Started
	}
	for _, f := range g.Stack {
		switch name, _ := strings.CutPrefix(f.Func, stacks.Accountant); {
		case name == "(*Budget).await", name == "(*Budget).explain":
			p.Doing = Puts
		case strings.HasPrefix(name, "(*consumer[") && strings.HasSuffix(name, ".sleep"):
			p.Doing = Takes
		}
	}
	return p
}

// fold adds p, to one at the same place if there is one.
func fold(all []Goroutine, p Goroutine) []Goroutine {
	for i := range all {
		q := &all[i]
		if q.Stage == p.Stage && q.account == p.account && q.Doing == p.Doing && q.State == p.State && q.Where == p.Where {
			q.Count += p.Count
			q.Wait = max(q.Wait, p.Wait)
			q.ids = append(q.ids, p.ids...)
			return all
		}
	}
	return append(all, p)
}
