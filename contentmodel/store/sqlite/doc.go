// Package sqlite keeps content in one SQLite file, without cgo.
//
// A row holds kind, key and the first 64 KiB of the body; what is longer
// follows in rows of 64 KiB, so that neither Go nor SQLite ever holds a large
// body. The file is in WAL mode: one connection writes, others read beside it.
//
// The units of a draft are rows of a temporary database, which SQLite keeps in a
// file without a name, in the folder that SQLITE_TMPDIR or TMPDIR names, else in
// /var/tmp or /tmp: 10 bytes a unit. It is gone with the process. Publishing
// compares them with the members of the newest version in SQL, in one transaction
// that keeps other writers waiting: 5 seconds at most, then theirs fail.
//
// Where the file was removed or replaced, calls fail from then on.
//
// SQLite's memory (page caches of about 4 MiB in all, and the rows of one
// statement) lies outside the Go heap, where GOMEMLIMIT does not see it.
package sqlite
