//go:build race

package memacct

const raceEnabled = true
