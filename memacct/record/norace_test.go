//go:build !race

package record

// raceEnabled says that the race detector is on, which takes memory of its own.
const raceEnabled = false
