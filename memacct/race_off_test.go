//go:build !race

package memacct

const raceEnabled = false
