// Package groups tells in which of two ways the program's maps lie in memory. The experiment
// mapsplitgroup of Go 1.27, which later versions turn on by themselves, changes it.
package groups
