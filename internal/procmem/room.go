package procmem

import "github.com/syncmem/syncmem/internal/bytesize"

// What a cgroup has to keep, in bytes, of files that are read and written, beside the program's code. Measured
// with SQLite behind 64 to 512 MiB.
const (
	// cacheRoom is what a database turns over with each batch: pages of the log, and the same pages in their place.
	cacheRoom = 12 * bytesize.MiB
	// leastCache is what a small cgroup must keep all the same.
	leastCache = 4 * bytesize.MiB
	// enough is what a program needs first: in cgroups where no more is left its heap goes before the cache, since
	// a collector that has no room hangs the program, and dropped pages only slow it down.
	enough = 36 * bytesize.MiB
)

// FileRoom is how many bytes of a cgroup's limit should be left to pages of files, by a program that has mapped
// that many bytes of its own code. The cgroup pays for them as it does for the heap. The kernel drops a page of a
// file where it needs room, and reads it again, so too little room breaks nothing at first; but a program whose
// code is dropped over and over hardly runs, and in the end the kernel kills it all the same.
func FileRoom(limit, mapped int64) int64 {
	return mapped + min(cacheRoom, max(leastCache, limit-mapped-enough))
}
