// Package sqlite keeps content in one SQLite file, without cgo.
//
// A row holds kind, key and the first 64 KiB of the body; what is longer
// follows in rows of 64 KiB, so that neither Go nor SQLite ever holds a large
// body. The file is in WAL mode: one connection writes, others read beside it.
//
// SQLite's memory (page caches of about 3 MiB in all, and the rows of one
// statement) lies outside the Go heap, where GOMEMLIMIT does not see it.
package sqlite
