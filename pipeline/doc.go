// Package pipeline runs a content sync: one first stage that reads metadata and emits units, and stages
// behind it that query, download and save, all over one [memacct.Account].
//
//	first stage -> gate -> stage -> queue -> stage ... -> end of the unit
//
// Only the gate waits for memory. A stage that emits a unit it has in hand moves the unit's charge on with
// it, measured again; a unit that is not emitted ends with the loop body that got it. The end of the last
// stage is the end of the unit.
package pipeline
