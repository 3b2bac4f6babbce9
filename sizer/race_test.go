//go:build race

package sizer

const raceEnabled = true
