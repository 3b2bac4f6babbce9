//go:build !race && !msan && !asan

package sizertest

const sanitized = false
