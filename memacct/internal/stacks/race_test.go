//go:build race

package stacks

func init() { raceEnabled = true }
