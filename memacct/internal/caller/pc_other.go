//go:build !amd64 && !arm64

package caller

import "runtime"

// PC returns the address to which the function that calls PC will return: the place of its call, for
// [runtime.CallersFrames]. The function must not be inlined.
func PC() uintptr {
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	return pc[0]
}
