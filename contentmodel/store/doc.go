// Package store keeps content: it says which units are known and saves those
// that are new, and it says which units each version of a repository has.
// [Discard] keeps nothing; packages sqlite and postgres keep all. Package
// storetest is the suite that each of them passes.
//
// A sync saves units, adds them to a draft, and publishes that as a version. It
// may be killed at any moment, the disk may be full, the server may go away:
//
//   - A batch is saved whole or not at all, and a version appears whole or not at
//     all. A draft that was not published leaves nothing behind.
//   - The next sync goes on with what is kept, and needs no repair before it.
//   - A version costs what it differs from the one before, and a sync that found
//     nothing new makes none. Old versions stay readable, and never change.
//   - Of two syncs of one repository each publishes a version of its own, whole;
//     the second is compared with the first's.
//   - Memory does not grow with the store, a version or a batch: what is large is
//     compared in the database.
package store
