package stacks

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// outsiders are packages of the standard library whose functions wait for something outside the program, also
// where the goroutine itself waits for another one of theirs.
var outsiders = []string{"net.", "net/", "os.", "os/", "database/sql", "syscall.", "crypto/tls", "internal/poll", "time.Sleep"}

// Busy reports whether g runs, or waits for something that is not in this program.
func Busy(g Goroutine) bool {
	state, _, _ := strings.Cut(g.State, " (")
	switch state {
	case "running", "runnable", "syscall", "IO wait", "sleep":
		return true
	}
	for _, f := range g.Stack {
		if slices.ContainsFunc(outsiders, func(p string) bool { return strings.HasPrefix(f.Func, p) }) {
			return true
		}
		if !Standard(f.File) {
			break
		}
	}
	return false
}

// goroot is how the paths of the standard library's files begin in this program: "" if they were trimmed.
var goroot = func() string {
	pc := reflect.ValueOf(runtime.GC).Pointer()
	file, _ := runtime.FuncForPC(pc).FileLine(pc)
	return file[:max(0, strings.LastIndex(file, "runtime/"))]
}()

// Standard reports whether a file is one of the standard library.
func Standard(file string) bool {
	if goroot != "" {
		return strings.HasPrefix(file, goroot)
	}
	first, _, _ := strings.Cut(file, "/")
	return !strings.Contains(file, "@") && !strings.Contains(first, ".") && first != "main" && first != "command-line-arguments"
}

// rooms are the folders of the packages that run a pipeline, as the files of this program are named. Names of functions
// do not tell: a function that is ranged over and inlined has a name below that of the caller's.
var rooms = func() []string {
	_, file, _, _ := runtime.Caller(0)
	here := path.Dir(path.Dir(path.Dir(file)))
	return []string{here + "/", path.Dir(here) + "/pipeline/"}
}()

// Ours reports whether a frame is one of those packages; their tests, and the stages of users' in pipeline/stages,
// are not.
func Ours(f Frame) bool {
	return !strings.HasSuffix(f.File, "_test.go") && slices.ContainsFunc(rooms, func(room string) bool {
		rest, ok := strings.CutPrefix(f.File, room)
		return ok && (!strings.Contains(rest, "/") || strings.HasPrefix(rest, "internal/"))
	})
}

// mainModule is how the names of the functions of the program's own module begin, "" if that is not known.
var mainModule = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "" {
		return ""
	}
	return info.Main.Path
})

// own reports whether a frame is of the program's own module.
func own(f Frame) bool {
	m := mainModule()
	return strings.HasPrefix(f.Func, "main.") || m != "" && (strings.HasPrefix(f.Func, m+"/") || strings.HasPrefix(f.Func, m+"."))
}

// Where is the innermost frame of the program's own module, with the library's that it called in brackets; else the
// innermost that is not the standard library's, else the innermost, but "" where only we are at work.
func Where(stack []Frame) string {
	var inner *Frame
	for i, f := range stack {
		switch {
		case Standard(f.File) || Ours(f):
		case own(f) && inner == nil:
			return f.String()
		case own(f):
			return f.String() + " (in " + inner.String() + ")"
		case inner == nil:
			inner = &stack[i]
		}
	}
	if inner != nil {
		return inner.String()
	}
	if len(stack) == 0 || slices.ContainsFunc(stack, Ours) {
		return ""
	}
	return stack[0].String()
}

// CallName is a call site with its function.
func CallName(pc uintptr) string {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if f.File == "" {
		return ""
	}
	return fmt.Sprintf("%s %s:%d", path.Base(f.Function), path.Base(f.File), f.Line)
}

// frames are the calls of a stack, the innermost first.
func frames(stack []uintptr) (all []Frame) {
	if len(stack) == 0 {
		return nil
	}
	next := runtime.CallersFrames(stack)
	for {
		f, more := next.Next()
		all = append(all, Frame{Func: f.Function, File: f.File, Line: f.Line})
		if !more {
			return all
		}
	}
}

// Caller returns a call site: 0 is that of Caller itself, 1 is where the function was called that asks, and so on.
func Caller(skip int) uintptr {
	var pc [1]uintptr
	runtime.Callers(skip+2, pc[:])
	return pc[0]
}

// PanicPlace is where the panic began that a deferred function recovers from: below the runtime's own frames.
func PanicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for panics := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panics = true
		case panics && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s %s:%d", path.Base(f.Function), path.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// FileLine prints a call site.
func FileLine(pc uintptr) string {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if f.File == "" {
		return "the end of its loop body"
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}
