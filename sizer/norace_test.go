//go:build !race

package sizer

const raceEnabled = false
