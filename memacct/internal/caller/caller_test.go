package caller

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type shape[T any] struct{ _ T }

//go:noinline
func (s *shape[T]) both() (quick, slow uintptr) {
	var pcs [1]uintptr
	quick = PC()
	runtime.Callers(2, pcs[:])
	return quick, pcs[0]
}

//go:noinline
func deep(n int) (quick, slow uintptr) {
	var room [512]byte
	if n > 0 {
		room[n] = 1
		quick, slow = deep(n - 1)
		return quick, slow + uintptr(room[n]) - 1
	}
	return (&shape[*int]{}).both()
}

func inlined() (quick, slow uintptr) { return (&shape[string]{}).both() }

func TestPCIsWhatTheRuntimeSays(t *testing.T) {
	for name, call := range map[string]func() (quick, slow uintptr){
		"generic": func() (quick, slow uintptr) { return (&shape[string]{}).both() },
		"inlined": inlined,
		"deep":    func() (quick, slow uintptr) { return deep(300) },
	} {
		t.Run(name, func(t *testing.T) {
			quick, slow := call()
			require.Equal(t, place(slow), place(quick))
			require.True(t, strings.HasSuffix(place(quick).File, "caller_test.go"))
			on := make(chan struct{})
			go func() { // on a stack of its own
				defer close(on)
				quick, slow = call()
			}()
			<-on
			require.Equal(t, place(slow), place(quick))
		})
	}
}

// place is the file and line of a return address.
func place(pc uintptr) (p struct {
	File string
	Line int
},
) {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	p.File, p.Line = f.File, f.Line
	return p
}

func BenchmarkPC(b *testing.B) {
	for b.Loop() {
		PC()
	}
}
