// Package postgres keeps content in a PostgreSQL database, version 13 or later.
//
// A save copies rows of at most 64 KiB into a temporary table, which costs the
// client the same memory for any batch, and then moves the new ones over in two
// statements. Content is found by the SHA-256 of kind and key, because an index
// of PostgreSQL can't hold keys of any length.
//
// A draft is a temporary table of a connection of its own, so it is gone with
// its process, and also when its connection is cut or the server restarted: then
// its calls fail with ErrOver. Publishing compares it with the newest version in
// SQL, in one transaction that locks the repository's row before all else, so
// that publishers of one repository take turns, and others go on. A publisher
// that vanishes with its network keeps the row for 20 seconds at most.
//
// A loop over the units or artifacts of a version holds one of the connections
// of the pool, of which there are at least 4 (pool_max_conns), and must end
// before the store is closed.
//
// A commit is not cut off by the end of a context, unless the server lets it
// wait for half a second more. When it is, or the connection breaks in the
// middle of one, nobody can tell whether it happened: then Save fails though
// its units, all of them, may be kept, and Publish though the version may be
// there. The next sync finds out: the same units make no second version.
package postgres
