package procmem

import "github.com/syncmem/syncmem/internal/bytesize"

// What a cgroup has to keep, in bytes, of files that are read and written, beside the program's code. Measured
// with SQLite behind 64 to 512 MiB.
const (
	// cacheRoom is what a database turns over with each batch: pages of the log, and the same pages in their place.
	cacheRoom = 12 * bytesize.MiB
	// leastCache is what a small cgroup must keep all the same, and one in which hardly a file is read.
	leastCache = 4 * bytesize.MiB
	// enough is what a program needs first: in cgroups where no more is left its heap goes before the cache, since
	// a collector that has no room hangs the program, and dropped pages only slow it down.
	enough = 36 * bytesize.MiB
	// codeInUse is the part of the code in memory that must stay there: the kernel maps sixteen pages where one is
	// touched, and much runs at the start alone. Measured by the pages touched in two seconds at full work: 27 % of
	// the 18 MiB of a program of 36 MiB, and 30 % of the 30 MiB of one of 54. But where other files come and go the
	// kernel drops code with them: with half of it behind 64 MiB a sync into SQLite took three times as long.
	codeInUse = 0.5
)

// Files is how much of files was seen in memory so far, in bytes, to say how much room they need. What is needed is
// told by what there was: under pressure the kernel drops it, and then there is less.
type Files struct {
	mapped int64 // by the program, its own code above all, now
	most   int64 // and at most
	cached int64 // of other files, by the cgroup, at most
	locked int64 // of what is mapped, in memory for good, now
}

// See notes how much the program has mapped, how much of that is locked in memory, and how much page cache its cgroup holds
// with both. Of the program's own file more is read than mapped, and that counts as another's: too much room only costs
// some of the heap.
func (f *Files) See(mapped, locked, cache int64) {
	f.mapped, f.locked, f.most = mapped, locked, max(f.most, mapped)
	f.cached = max(f.cached, cache-mapped)
}

// AnyFiles is what is taken to be needed where nothing was seen yet but so many bytes that the program has mapped.
func AnyFiles(mapped int64) Files { return Files{mapped: mapped, most: mapped, cached: cacheRoom} }

// Code is how many bytes of what the program has mapped must stay in memory, or it hardly runs. What the kernel has
// dropped already counts.
func (f Files) Code() int64 { return max(f.locked, int64(codeInUse*float64(f.most))) }

// Room is how many bytes of a cgroup's limit should be left to pages of files. The cgroup pays for them as it does for
// the heap. The kernel drops a page of a file where it needs room, and reads it again, so too little room breaks nothing
// at first; but a program whose code is dropped over and over hardly runs, and in the end the kernel kills it all the
// same. Of the code it is all where other files come and go, down to a part where there are none; and what is locked.
func (f Files) Room(limit int64) int64 {
	part := codeInUse + (1-codeInUse)*float64(min(max(0, f.cached), cacheRoom))/float64(cacheRoom)
	code := max(f.locked, min(f.mapped, int64(part*float64(f.most))))
	return code + max(leastCache, min(f.cached, cacheRoom, limit-code-enough))
}
