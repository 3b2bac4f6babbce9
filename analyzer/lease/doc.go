// Package lease finds leases and reservations that some path does not release.
package lease

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "lease",
	Title: "lease finds leases and reservations that are not released on every path",
	Why: `A reservation holds its bytes of the budget until it is settled by Put or given
back by Release. One forgotten on an error path is memory that nobody uses and
nobody can have until the garbage collector finds it: after some errors the gate
waits for room that comes late, and each is reported as a leak at run time.
The same goes for a lease that was split off, or detached from its loop, and for
what Building charged for a unit that is neither put nor released.`,
	Before: `
r, err := units.Reserve(ctx, size)
if err != nil {
	return err
}
p, err := load(path)
if err != nil {
	return err // r is still held
}
return r.Put(ctx, p)`,
	After: `
r, err := units.Reserve(ctx, size)
if err != nil {
	return err
}
defer r.Release() // does nothing once Put has settled it
p, err := load(path)
if err != nil {
	return err
}
return r.Put(ctx, p)`,
	Since: "v0.1.0",
	Silent: []string{
		"the path on which the reservation itself failed, or the Weighs of a unit that is being built",
		"paths on which nothing was told of a unit that is being built",
		"paths that end in a panic or os.Exit",
		"it is handed to another function or goroutine, stored, sent, captured or returned: its new owner answers for it",
		"leases of a Leases loop: the loop releases them, unless Detach was called",
	},
}
