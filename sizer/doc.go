// Package sizer answers one question: how many bytes of heap does this value keep alive?
//
//	sizer.Of(p)               // a number, in about the time of a method written by hand
//	fmt.Print(sizer.Explain(p)) // the same number as a tree of field paths
//
// # What the number means
//
// It is the sum of the heap blocks that the value's references lead to, as the allocator set
// them aside and not as the fields add up: each block once, rounded up to its size class, with
// the header of larger objects that hold pointers, in whole pages over 32 KiB, and maps with
// their real tables, also after entries were deleted. It is what runtime.MemStats.HeapAlloc
// would shrink by if nobody else held any of it. A process needs about 9 % more for the tails of
// spans, and the collector's headroom on top.
//
// The words of the value itself don't count, as they lie in a variable or in somebody's block:
//
//	Of(5) == 0                   Of(&x) counts the block of x
//	Of(struct{ s string }{text}) == Of(text)
//	Of[any](5000) == 16          the box; Explain(5000) is about the int, and 0
//
// By rule, this is counted:
//
//   - Pointers, maps, slices and interface boxes: each block once a call, however many references
//     lead to its start. Of two references of different size the larger counts.
//   - Slices by capacity; their elements up to the length are followed, not those behind it.
//   - Strings by length, each for itself up to 1 KiB and once a call above. A [Scope] counts all
//     of them once, over many calls.
//   - Objects under 16 bytes without pointers by address: those packed into one 16-byte block
//     cost 16 together. Blocks shared with the next value are charged to both; on real content
//     that is far below a percent.
//   - Channels by their buffer, never what is in it: reading that would race with its users.
//   - atomic.Pointer and atomic.Value by a load; a sync.Map by ranging over it, with the expected
//     size of its tree.
//   - What a type adds by declaring [Extra].
//
// And this is not, beyond the word that refers to it:
//
//   - Literals, constants and global variables, and the runtime's boxes of small numbers.
//   - What a field tagged mem:"shared" or mem:"-" points to.
//   - Types that belong to the program: time.Location, reflect types, unique.Handle, weak.Pointer,
//     sync.Pool, regexp.Regexp, os.File, the loggers of log and log/slog, http.Client and
//     Transport, sql.DB, protobuf's MessageInfo, contexts, and those given to [MarkShared].
//
// # What it can't see
//
// No formula sees what a reference doesn't show. Of then says too little:
//
//	name := file[10:20]        // keeps all of file alive; Of(name) == 16
//	f := func() { use(buf) }   // 16 bytes, whatever it captured
//	c <- unit                  // what waits in a channel
//	tail := big[len(big):]     // nothing to show, and all of big kept
//
// or too much, for pointers into the middle of a block that is counted elsewhere, and slices
// that overlap:
//
//	a := make([]int64, 100)
//	Of([][]int64{a, a[10:]})   // counts 90 elements twice
//
// [Measure] counts the places where something may be hidden (Opaque), and package sizertest has
// an audit for tests that finds substrings and subslices which pin more than they show.
//
// # Cost and limits
//
// A type is compiled once into a plan, of some microseconds; afterwards a call allocates nothing
// and costs about two nanoseconds a string and ten a map entry. Parts without pointers cost
// nothing. The first call in a process learns the size classes and proves the map reader: about
// a millisecond, and two thirds of a megabyte of garbage. Values are followed to any depth
// without recursion, and to [MaxNodes] references: the flag Truncated says when that was not
// all.
//
// Whoever calls Of owns the value: nobody may write to it meanwhile. Readers may be many. A race
// gives a wrong number, is reported by the race detector, and may crash the program, as any
// racing read of a slice or an interface may; a map that is just being written to is noticed and
// sized by formula, where range would end the process.
//
// # Versions
//
// Size classes are asked from the running runtime, so every Go version and architecture gets its
// own. The tables of maps are read on 64-bit little-endian machines for the Go versions whose
// layout was compared (1.26, and 1.27 with and without GOEXPERIMENT=mapsplitgroup), after a
// self-test at start; elsewhere a formula by length serves, which is exact for maps up to 896
// entries that only grew, and Approximate says so.
package sizer
