package memacct

import (
	"path"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

var (
	save     = stacks.Frame{Func: "example.org/sync.save", File: "/src/sync/save.go", Line: 7}
	inPut    = stacks.Frame{Func: stacks.Accountant + "(*Budget).await", File: ourFile("wait.go")}
	inRefuse = stacks.Frame{Func: stacks.Accountant + "(*Budget).explain", File: ourFile("measure.go")}
	inTake   = stacks.Frame{Func: stacks.Accountant + "(*consumer[go.shape.*uint8]).sleep", File: ourFile("consumer.go")}
)

// ourFile is a file of this package as stacks name it.
func ourFile(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return path.Join(path.Dir(file), name)
}

// whoIs is what is found of one goroutine among others; nil if it is none of the budget's.
func whoIs(t *testing.T, id uint64, members map[uint64]member, all ...stacks.Goroutine) *Goroutine {
	t.Helper()
	var found *Goroutine
	for _, g := range locate(stacks.Dump{Goroutines: all}, true, members, []string{"rpm", "deb"}) {
		for _, known := range g.ids {
			if known == id {
				require.Nil(t, found)
				found = &g
			}
		}
	}
	return found
}

// A goroutine is of the stage that it runs; else of the one whose labels it has, or that has started it, through others
// too, up to eight back.
func TestWhoseAGoroutineIs(t *testing.T) {
	members := map[uint64]member{1: {account: "rpm", stage: "save"}, 5: {account: "deb", put: true}}
	chain := []stacks.Goroutine{{ID: 1}}
	for id := uint64(11); id <= 20; id++ {
		parent := id - 1
		if id == 11 {
			parent = 1
		}
		chain = append(chain, stacks.Goroutine{ID: id, Parent: parent})
	}
	g := whoIs(t, 1, members, chain...)
	require.Equal(t, "save", g.Stage)
	require.Equal(t, Works, g.Doing)
	for id := uint64(11); id <= 18; id++ {
		g = whoIs(t, id, members, chain...)
		require.NotNil(t, g, id)
		require.Equal(t, "save", g.Stage)
		require.Equal(t, Started, g.Doing)
	}
	require.Nil(t, whoIs(t, 19, members, chain...), "too far")

	labels := map[string]string{LabelStage: "download", LabelAccount: "deb"}
	require.Equal(t, "download", whoIs(t, 9, members, stacks.Goroutine{ID: 9, Labels: labels, Parent: 1}).Stage, "labels say more than who started it")
	other := map[string]string{LabelStage: "download", LabelAccount: "of another budget"}
	require.Nil(t, whoIs(t, 9, members, stacks.Goroutine{ID: 9, Labels: other, Parent: 1}))
	require.Nil(t, whoIs(t, 9, members, stacks.Goroutine{ID: 9, Parent: 77}))
	require.Nil(t, whoIs(t, 9, members, stacks.Goroutine{ID: 9}))

	// Of one that only is known to wait in a put, who started it says more.
	g = whoIs(t, 5, members, stacks.Goroutine{ID: 5, Parent: 1})
	require.Equal(t, "save", g.Stage)
	g = whoIs(t, 5, members, stacks.Goroutine{ID: 5, Stack: []stacks.Frame{inPut}})
	require.Equal(t, "deb", g.account)
	require.Equal(t, Puts, g.Doing)
	require.Nil(t, whoIs(t, 6, members, stacks.Goroutine{ID: 6, Parent: 5}), "a put has no children")
}

func TestWhatAGoroutineIsAbout(t *testing.T) {
	members := map[uint64]member{1: {account: "rpm", stage: "save"}}
	for name, c := range map[string]struct {
		stack []stacks.Frame
		want  Doing
	}{
		"in code of the stage's":     {[]stacks.Frame{save}, Works},
		"in a put":                   {[]stacks.Frame{inPut, save}, Puts},
		"in a put that is explained": {[]stacks.Frame{inRefuse, save}, Puts},
		"in a loop":                  {[]stacks.Frame{inTake, save}, Takes},
	} {
		g := whoIs(t, 1, members, stacks.Goroutine{ID: 1, State: "select", Stack: c.stack})
		require.Equal(t, c.want, g.Doing, name)
		require.Contains(t, g.Where, "sync.save save.go:7")
	}
}

// Those at one place are told as one, with their number and the longest wait; who took the dump is left out of what a
// timer looks at, and is there where somebody asked.
func TestGoroutinesAtOnePlaceAreOne(t *testing.T) {
	members := map[uint64]member{}
	var d stacks.Dump
	for id := uint64(1); id <= 4; id++ {
		members[id] = member{account: "rpm", stage: "save"}
		d.Goroutines = append(d.Goroutines, stacks.Goroutine{ID: id, Count: 1, State: "select", Wait: time.Duration(id) * time.Minute, Stack: []stacks.Frame{save}})
	}
	d.Goroutines[3].State = "running"
	d.Self = 4
	all := locate(d, true, members, nil)
	require.Len(t, all, 2)
	require.Equal(t, 3, all[0].Count)
	require.Equal(t, 3*time.Minute, all[0].Wait)
	require.Equal(t, []uint64{1, 2, 3}, all[0].ids)
	require.Equal(t, 1, all[1].Count)
	all = locate(d, false, members, nil)
	require.Len(t, all, 1)
	require.Equal(t, 3, all[0].Count)
}

// What the runtime says of a goroutine stands in brackets, without what only a test's bubble adds.
func TestStatesInWords(t *testing.T) {
	require.Empty(t, state(Goroutine{}))
	require.Equal(t, " [IO wait]", state(Goroutine{State: "IO wait"}))
	require.Equal(t, " [select, 3m]", state(Goroutine{State: "select (durable)", Wait: 3 * time.Minute}))
}
