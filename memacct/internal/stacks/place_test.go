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
