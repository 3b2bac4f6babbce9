// Package trackedcopy finds second copies of state that are kept to find
// changes.
package trackedcopy

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "trackedcopy",
	Title: "trackedcopy finds second copies of state that are kept to find changes",
	Why: `An "original" beside the loaded value doubles every unit in flight, and a copy
made by a JSON round trip or by reflection costs several times more while it is
made; a shallow map of the fields is larger than most units. Most units of a sync
are never changed. Fingerprints of the fields cost 8 bytes each and no change to
the code that writes (package contentmodel/track: track.Of when it is loaded,
Changed when it is saved), dirty bits a word, and a database can compare by itself.`,
	Before: `
func (p *Package) AfterFind(*gorm.DB) error {
	original := *p
	p.original = &original
	return nil
}`,
	After: `
func (p *Package) SetName(name string) {
	p.changed |= p.Name != name
	p.Name = name
}`,
	Since: "v0.1.0",
	Silent: []string{
		"hooks that normalize the loaded value and keep no copy",
		"clones made on demand and returned, and local bases for a patch",
		"a copy of another type: a view, a key, a summary",
		"raw bytes kept for their digest",
		"a map of things by key that is called snapshots, loaded, stored or the like and that nothing is compared with: it is the state",
	},
}
