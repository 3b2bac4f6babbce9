package stacks

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlacesAreTheProgramsOwn(t *testing.T) {
	libc := Frame{Func: "modernc.org/libc.___syscall_cp", File: "/mod/modernc.org/libc@v1/syscall_musl.go", Line: 25}
	save := Frame{Func: "github.com/syncmem/syncmem/cmd/sync.save", File: "/src/save.go", Line: 50}
	inlined := Frame{Func: "main.main.func21.(*line[...]).Leases.1", File: rooms[0] + "lease.go", Line: 48}
	wait := Frame{Func: "sync.(*Mutex).Lock", File: goroot + "sync/mutex.go", Line: 1}
	for want, stack := range map[string][]Frame{
		"sync.save save.go:50 (in libc.___syscall_cp syscall_musl.go:25)": {wait, libc, libc, inlined, save},
		"sync.save save.go:50":                  {wait, inlined, save, libc},
		"libc.___syscall_cp syscall_musl.go:25": {wait, libc},
		"sync.(*Mutex).Lock mutex.go:1":         {wait},
		"":                                      {wait, inlined},
	} {
		require.Equal(t, want, Where(stack))
	}
}

// What waits for something outside the program is at work; what waits for another goroutine of it is not.
func TestWhoIsBusy(t *testing.T) {
	std := func(name string) Frame { return Frame{Func: name, File: goroot + "x/x.go"} }
	mine := Frame{Func: "example.org/crawl.fetch", File: "/src/fetch.go"}
	for name, c := range map[string]struct {
		state string
		stack []Frame
		busy  bool
	}{
		"it runs":                            {"running", nil, true},
		"it may run":                         {"runnable", nil, true},
		"in the kernel":                      {"syscall", nil, true},
		"in the kernel, to its own thread":   {"syscall (scan)", nil, true},
		"on the network":                     {"IO wait", []Frame{std("internal/poll.runtime_pollWait")}, true},
		"it sleeps":                          {"sleep", []Frame{std("time.Sleep")}, true},
		"for a response":                     {"select", []Frame{std("net/http.(*persistConn).roundTrip"), std("net/http.(*Client).do"), mine}, true},
		"for a row":                          {"select", []Frame{std("database/sql.(*DB).conn"), mine}, true},
		"for a process":                      {"chan receive", []Frame{std("os/exec.(*Cmd).Wait"), mine}, true},
		"for another goroutine":              {"chan receive", []Frame{mine}, false},
		"for a lock":                         {"sync.Mutex.Lock", []Frame{std("sync.(*Mutex).Lock"), mine}, false},
		"for a function that a handler runs": {"chan receive", []Frame{mine, std("net/http.HandlerFunc.ServeHTTP")}, false},
		"for a group":                        {"sync.WaitGroup.Wait", []Frame{std("sync.(*WaitGroup).Wait"), mine}, false},
		"nobody knows where":                 {"select", nil, false},
	} {
		require.Equal(t, c.busy, Busy(Goroutine{State: c.state, Stack: c.stack}), name)
	}
}

// A program that is built with -trimpath has no path of the Go tree in it: then a file of the standard library is told by
// what it has not, a dot in the first part and a version.
func TestTheStandardLibraryOfATrimmedProgram(t *testing.T) {
	before := goroot
	defer func() { goroot = before }()
	for _, root := range []string{"/usr/lib/go/src/", ""} {
		goroot = root
		for file, want := range map[string]bool{
			root + "net/http/client.go": true, root + "runtime/proc.go": true,
			"github.com/a/b@v1.2.3/c.go": false, "example.org/a/b.go": false, "golang.org/x/net@v0.1.0/http2/a.go": false,
			"main/main.go": false, "command-line-arguments/a.go": false,
		} {
			require.Equal(t, want, Standard(file), "%q below %q", file, root)
		}
	}
}

// Our frames are those of the packages that run a pipeline, and not of their tests, or of stages that use them.
func TestWhichFramesAreOurs(t *testing.T) {
	memacct, pipeline := rooms[0], rooms[1]
	for file, want := range map[string]bool{
		memacct + "lease.go": true, memacct + "internal/core/admit.go": true, pipeline + "run.go": true,
		memacct + "lease_test.go": false, memacct + "record/ring.go": false, pipeline + "stages/save.go": false,
		"/elsewhere/lease.go": false,
	} {
		require.Equal(t, want, Ours(Frame{File: file}), file)
	}
}

//go:noinline
func callSite(skip int) uintptr { return Caller(skip) }

// A call site is told by its function and line, and one that is not known says so.
func TestCallSites(t *testing.T) {
	require.Contains(t, CallName(callSite(0)), "stacks.callSite place_test.go:")
	here := callSite(1)
	require.Regexp(t, `^stacks\.TestCallSites place_test\.go:\d+$`, CallName(here))
	require.Regexp(t, `/place_test\.go:\d+$`, FileLine(here))
	above := callSite(2)
	require.Contains(t, CallName(above), "testing.tRunner testing.go:")
	require.Empty(t, CallName(callSite(1000)))
	require.Equal(t, "the end of its loop body", FileLine(0))
}

// The place of a panic is the first line below the runtime's, also where the runtime itself has panicked.
func TestWhereAPanicBegan(t *testing.T) {
	place := func(fn func()) (where string) {
		defer func() {
			where = PanicPlace()
			_ = recover()
		}()
		fn()
		return ""
	}
	require.Regexp(t, `^stacks\.explode place_test\.go:\d+$`, place(explode))
	require.Regexp(t, `^stacks\.(TestWhereAPanicBegan\.func\d|outOfRange) place_test\.go:\d+$`, place(func() { outOfRange(nil) }))
	require.Equal(t, "an unknown place", PanicPlace(), "nobody panics")
}

//go:noinline
func explode() { panic("oops") }

//go:noinline
func outOfRange(all []int) { all[len(all)]++ }
