//go:build race || msan || asan

package sizertest

// sanitized says that the allocator of this build isn't the usual one.
const sanitized = true
