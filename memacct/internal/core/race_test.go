//go:build race

package core

// The core is a state machine that starts no goroutine. The race detector finds nothing in it, and makes the model
// check five times as slow.
func init() { brief = true }
