//go:build race

package track_test

func init() { raceEnabled = true }
