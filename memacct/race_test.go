//go:build race

package memacct

func init() { raceEnabled = true }
