package stacks

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// raceEnabled is set by race_test.go.
var raceEnabled bool

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is the goroutine that stands in a function whose name ends so.
func at(t *testing.T, all []Goroutine, fn string) Goroutine {
	t.Helper()
	i := slices.IndexFunc(all, func(g Goroutine) bool {
		return slices.ContainsFunc(g.Stack, func(f Frame) bool { return strings.HasSuffix(f.Func, fn) })
	})
	require.GreaterOrEqual(t, i, 0, "%v", all)
	return all[i]
}

func wait(c chan struct{}) { <-c }

// arrive is wait that says so from inside.
func arrive(there, c chan struct{}) {
	close(there)
	<-c
}

func TestTakeSeesWhoWaitsWhere(t *testing.T) {
	c, there := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { runtime.LockOSThread(); arrive(there, c) })
	defer all.Wait()
	defer close(c)
	<-there
	var d Dump
	var g Goroutine
	for g.State != "chan receive" { // it may be on its way yet
		runtime.Gosched()
		d = Take()
		g = at(t, d.Goroutines, "stacks.arrive")
	}
	require.Positive(t, g.Parent)
	require.Positive(t, g.ID)
	require.Zero(t, d.Lost)
	f := g.Stack[0]
	require.Equal(t, "github.com/syncmem/syncmem/memacct/internal/stacks.arrive", f.Func)
	require.True(t, strings.HasSuffix(f.File, "stacks_test.go"))
	require.Positive(t, f.Line)
	require.Equal(t, d.Self, d.Goroutines[0].ID)
}

func TestBubblesAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := make(chan struct{})
		go wait(c)
		synctest.Wait()
		g := at(t, Take().Goroutines, "stacks.wait")
		require.Equal(t, "chan receive (durable)", g.State)
		close(c)
	})
}

// deep calls itself so often that the traceback leaves frames out.
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
}

func TestDeepStacksAreNotLost(t *testing.T) {
	c, there := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { deep(300, func() { close(there); wait(c) }) })
	<-there
	g := at(t, Take().Goroutines, "stacks.deep")
	require.Greater(t, len(g.Stack), 90)
	close(c)
	all.Wait()
}

func TestLabelsComeFromAProfile(t *testing.T) {
	c, there := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		pprof.Do(context.Background(), pprof.Labels("stage", `sa"ve, {}`, "account", "a"), func(context.Context) {
			arrive(there, c)
		})
	})
	<-there
	g := at(t, fold(runtime.NumGoroutine()).Goroutines, "stacks.arrive")
	require.Equal(t, map[string]string{"stage": `sa"ve, {}`, "account": "a"}, g.Labels)
	require.Equal(t, 1, g.Count)
	close(c)
	all.Wait()
}

func TestHeaders(t *testing.T) {
	for header, want := range map[string]Goroutine{
		`goroutine 7 [running]:`:                    {ID: 7, State: "running"},
		`goroutine 7 [chan receive, 12 minutes]:`:   {ID: 7, State: "chan receive", Wait: 12 * 60e9},
		`goroutine 7 [select, locked to thread]:`:   {ID: 7, State: "select"},
		`goroutine 7 [sync.Mutex.Lock (leaked)]:`:   {ID: 7, State: "sync.Mutex.Lock (leaked)"},
		`goroutine 7 gp=0xc000 m=nil [GC worker]:`:  {ID: 7, State: "GC worker"},
		`goroutine 7 [select, 3 minutes, locked to`: {ID: 7, State: "select", Wait: 3 * 60e9},
		`goroutine 7 [sel`:                          {ID: 7, State: "sel"},
		`goroutine 7 [select (durable), 3 minutes, locked to thread, synctest bubble 1 labels:{"a": "1, ]", "b": "\"x\""}]:`: {
			ID: 7, State: "select (durable)", Wait: 3 * 60e9, Labels: map[string]string{"a": "1, ]", "b": `"x"`},
		},
		`goroutine 7 [chan send labels:{"a": "b", "c": "d`: {ID: 7, State: "chan send", Labels: map[string]string{"a": "b"}},
	} {
		want.Count = 1
		all := Parse([]byte(header + "\nmain.f(0x1, {0x2, 0x3})\n\t/src/a b.go:12 +0x1d\ncreated by main.main in goroutine 1\n\t/src/a.go:1\n"))
		want.Parent, want.Stack = 1, []Frame{{"main.f", "/src/a b.go", 12}}
		require.Equal(t, []Goroutine{want}, all, header)
	}
}

func TestMalformedBodiesCostFramesOnly(t *testing.T) {
	for _, body := range []string{
		"", "\tgoroutine running on other thread; stack unavailable\ncreated by main.f in goroutine 1\n\t/a.go:1 +0x1\n",
		"main.f((((\n\t/a.go:1\n", "main.f()\n", "main.f()\n\t/a.go", "[originating from goroutine \n", "[originating from goroutine 1]:\nmain.g()\n\t/a.go:1\n",
		"...23 frames elided...\n", "\x00\xff", strings.Repeat("x", 100<<10) + "()\n\t/a.go:1\n", "main.f()\n\t/a:1b/c.go:2\n", "goroutine x\n", "(\n\t:1\n",
	} {
		trace := "goroutine 1 [a]:\n" + body + "\ngoroutine 2 [b]:\nmain.h()\n\t/h.go:3\n"
		all := Parse([]byte(trace))
		require.Len(t, all, 2, "%q", body)
		require.Equal(t, []Frame{{"main.h", "/h.go", 3}}, all[1].Stack, "%q", body)
	}
}

func TestATracebackCutOffAnywhereIsRead(t *testing.T) {
	buf := make([]byte, 64<<10)
	buf = buf[:runtime.Stack(buf, true)]
	whole := Parse(buf)
	for n := range buf {
		part := Parse(buf[:n])
		require.LessOrEqual(t, len(part), len(whole))
		if headers := bytes.Count(buf[:n], []byte("]:\ngithub")); headers > 1 {
			require.GreaterOrEqual(t, len(part), headers-1)
			require.Equal(t, whole[0].Stack, part[0].Stack)
		}
	}
}

func TestAProfileKeepsWhatTellsSomething(t *testing.T) {
	var f folder
	fmt.Fprintln(&f, "goroutine profile: total 2001")
	for i := range 2 * maxFolded {
		fmt.Fprintf(&f, "1 @ 0x1\n#\t0x1\tmain.f%d+0x2\t/a.go:1\n\n", i)
	}
	fmt.Fprintf(&f, "3 @ 0x1\n# labels: {\"stage\":\"save\"}\n#\t0x1\tmain.(*T).save[...]+0x2\t/a.go:7\n\n")
	fmt.Fprintf(&f, "1 @ 0x1\n#\t0x1\t%s(*Budget).await+0x2\t/a.go:9\n\n", Accountant)
	all := f.finish()
	require.Len(t, all, maxFolded)
	require.Equal(t, 2*maxFolded+4, f.seen)
	save := at(t, all, "save[...]")
	require.Equal(t, Goroutine{Count: 3, Labels: map[string]string{"stage": "save"}, Stack: []Frame{{"main.(*T).save[...]", "/a.go", 7}}}, save)
	at(t, all, "await")
}

// A hundred thousand goroutines are folded into a few, and what that takes is bounded by what they take
// themselves.
func TestAHundredThousandGoroutines(t *testing.T) {
	n := 100_000
	if raceEnabled {
		n = 8_000 // the race detector knows of no more than 8128 at once
	}
	c := make(chan struct{})
	var all, started sync.WaitGroup
	started.Add(n)
	for range n - 100 {
		all.Go(func() { started.Done(); wait(c) })
	}
	for range 100 {
		all.Go(func() { started.Done(); deep(1, func() { wait(c) }) })
	}
	started.Wait()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := Take()
	runtime.ReadMemStats(&after)
	require.GreaterOrEqual(t, d.Total, n)
	require.Less(t, len(d.Goroutines), maxFolded)
	require.Zero(t, d.Lost)
	require.Equal(t, 100, at(t, d.Goroutines, "stacks.deep").Count)
	if !raceEnabled {
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(n)*600+4<<20)
	}
	close(c)
	all.Wait()
}

func TestATracebackIsBounded(t *testing.T) {
	c := make(chan struct{})
	var all, started sync.WaitGroup
	started.Add(MostTraced - 500)
	for range MostTraced - 500 {
		all.Go(func() { started.Done(); wait(c) })
	}
	started.Wait()
	d := Take() // some may not fit
	require.Equal(t, d.Total, d.Lost+len(d.Goroutines))
	require.Greater(t, len(d.Goroutines), 1000)
	close(c)
	all.Wait()
}

var header = regexp.MustCompile(`(?m)^goroutine ([0-9]+) .*\[`)

// headers counts the lines that say which goroutine follows, with a number that is one.
func headers(trace []byte) (n int) {
	for _, m := range header.FindAllSubmatch(trace, -1) {
		if _, err := strconv.ParseUint(string(m[1]), 10, 64); err == nil {
			n++
		}
	}
	return n
}

// No bytes make the parser panic, and each header that can be read at all is there in the end.
func FuzzParse(f *testing.F) {
	buf := make([]byte, 32<<10)
	f.Add(buf[:runtime.Stack(buf, true)])
	f.Add([]byte("goroutine 1 [select (durable), synctest bubble 1 labels:{\"a\": \"b\"}]:\nmain.f()\n\t/a.go:1 +0x1\n...9 frames elided...\n"))
	f.Add([]byte("goroutine 00000000000000000000 [")) // more digits than a number needs
	f.Add([]byte("goroutine 18446744073709551615 [a]:\ngoroutine 18446744073709551616 [a]:\n"))
	f.Add([]byte("goroutine 1 [a]:\n[originating from goroutine 2]:\nmain.f()\n"))
	f.Fuzz(func(t *testing.T, trace []byte) {
		all := Parse(trace)
		if want := headers(trace); len(all) != want {
			t.Fatalf("%d goroutines of %d headers", len(all), want)
		}
		var fold folder
		_, _ = fold.Write(trace)
		total := 0
		for _, g := range fold.finish() {
			total += g.Count
		}
		if total > fold.seen || len(fold.kept) > maxFolded {
			t.Fatal("more goroutines than were seen")
		}
	})
}
