// Package postgres keeps content in a PostgreSQL database, version 13 or later.
//
// A save copies rows of at most 64 KiB into a temporary table, which costs the
// client the same memory for any batch, and then moves the new ones over in two
// statements. Content is found by the SHA-256 of kind and key, because an index
// of PostgreSQL can't hold keys of any length.
package postgres
