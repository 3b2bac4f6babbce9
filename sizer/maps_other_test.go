//go:build !go1.26 || go1.28 || !(amd64 || arm64 || loong64 || ppc64le || riscv64)

package sizer

// withoutReader does nothing: there is no reader.
func withoutReader() func() { return func() {} }
