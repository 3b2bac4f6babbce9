// Package sizertest checks, in a project's own tests, that sizer's numbers are true for the
// project's own types and parsers.
//
// [Check] builds many values and compares their size with what the heap grew by. [Audit] finds
// what no size can show: a field of a few bytes that keeps a large buffer alive, as a substring
// of a whole file does.
//
// Both look at the whole process: don't run them in parallel with other tests, and not under
// the race or address sanitizers, which allocate differently (they skip the test then, and say
// so).
package sizertest
