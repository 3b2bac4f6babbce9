// Package retain finds units that are kept or used after they were handed over.
package retain

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "retain",
	Title: "retain finds units that are kept or used after they were handed over",
	Why: `A unit handed to a queue belongs to whoever takes it: using it afterwards is a
race, and keeping it makes the account wrong, because its bytes are given back
while the reference still holds them. The same goes for a consumer that keeps
the unit its loop body leased, for a batch whose array is filled again while it
is still on its way, and for a pointer into a slice that then grows: the old
array stays alive, whole, for one element. And a list that is returned and kept on
its owner too lives as long as the owner, when its caller is long done with it.`,
	Before: `
for p := range units.All(ctx) {
	seen[p.Name] = p // holds the package when the account no longer does
}`,
	After: `
for p := range units.All(ctx) {
	seen[p.Name] = struct{}{}
}`,
	Since: "v0.1.0",
	Silent: []string{
		"uses on the way out of a failed Put, which gave the unit back",
		"plain channels, except for a slice that is sent and then cut to length zero",
		"a collection that is emptied inside the loop: a batch",
		"scalars taken from the unit",
		"a list that is only kept, or only returned, or that was asked for by number; and one on an owner that every caller makes for itself and lets go",
		"a pointer to an element that is only used locally, or into a slice that does not grow in the loop",
	},
}
