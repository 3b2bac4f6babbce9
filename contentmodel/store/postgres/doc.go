// Package postgres keeps content in a PostgreSQL database, version 13 or later.
//
// A save copies rows of at most 64 KiB into a temporary table, which costs the
// client the same memory for any batch, and then moves the new ones over in two
// statements. Content is found by the SHA-256 of kind and key, because an index
// of PostgreSQL can't hold keys of any length.
//
// A commit is not cut off by the end of a context, unless the server lets it
// wait for half a second more. When it is, or the connection breaks in the
// middle of one, nobody can tell whether it happened: then Save fails though
// its units, all of them, may be kept.
package postgres
