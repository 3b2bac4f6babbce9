//go:build amd64 || arm64

package caller

// PC returns the address to which the function that calls PC will return: the place of its call, for
// [runtime.CallersFrames]. It is read from that function's stack frame, by the frame pointer, and so the function must
// not be inlined. Where it was called by a method value or through an interface, that is the compiler's wrapper.
func PC() uintptr
