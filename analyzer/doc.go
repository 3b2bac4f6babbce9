// Package analyzer finds the memory hazards of content syncs in Go code: eleven
// checks over the go/analysis framework, for go vet, go fix, gopls and
// golangci-lint alike.
//
// A check looks at first stages, the functions that read metadata and emit
// units, and sees through the helpers they call by facts that cross packages
// and modules. It prefers silence to a false alarm; each check's page says
// when it is silent on purpose.
//
// The checks:
//
//   - wholeread: a whole stream of unknown size is read into memory
//   - wholedecode: a whole document is decoded into one value
//   - accumulate: all units are collected before the first is emitted, or put
//     into a queue before the first is taken from it
//   - trackedcopy: a second copy of state is kept to find changes
//   - pinning: a small part of a big buffer keeps all of it alive
//   - retain: a unit is kept or used after it was handed over
//   - ungated: a plain or unbounded queue where an accounted one belongs
//   - truncated: a limiter cuts a document in silence
//   - unfiltered: a list is asked for whole and filtered afterwards (opt-in)
//   - lease: a lease or reservation is not released on every path
//   - directive: an ignore without a reason, malformed, or unused
package analyzer
