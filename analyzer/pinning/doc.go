// Package pinning finds units that keep a big buffer alive for a small part.
package pinning

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "pinning",
	Title: "pinning finds units that keep a small part of a big buffer alive",
	Why: `A substring shares its bytes with the string it was cut from, and a subslice with
its array. One field of one unit, cut from a response of 60 MB, keeps the 60 MB
until the unit is gone; even a substring of length zero does. The account sees
the few bytes of the field.`,
	Before: `
for line := range strings.Lines(string(body)) {
	name, _, _ := strings.Cut(line, " ")
	units <- &Package{Name: name}
}`,
	After: `
for line := range strings.Lines(string(body)) {
	name, _, _ := strings.Cut(line, " ")
	units <- &Package{Name: strings.Clone(name)}
}`,
	Since: "v0.1.0",
	Silent: []string{
		"the buffer is bounded, one item of many, or one line of a scanner",
		"the part is copied: strings.Clone, bytes.Clone, a conversion between string and bytes, concatenation, formatting, unique.Make",
		"the parts are kept all together: the result of one Split",
		"the function is no first stage",
	},
	Fix: "wraps the part in strings.Clone or bytes.Clone, where the package is imported already; this is always safe",
}
