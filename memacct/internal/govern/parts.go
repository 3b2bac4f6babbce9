package govern

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// parts is where the memory of a process goes that is not content, in bytes.
type parts struct {
	beside  int64 // of the live heap
	stacks  int64
	buckets int64 // of the runtime's profiles: one for each call stack that allocates, blocks or takes a lock
	rest    int64 // of the runtime: spans, the collector's bits
	outside int64 // resident, and Go does not know of it
}

// parts are those of now.
func (g *Law) parts(now host.Sample) parts {
	return partsOf(now, g.Beside.Median(), g.Beyond(now))
}

func partsOf(now host.Sample, beside, outside int64) parts {
	return parts{beside, now.Stacks, now.Buckets, max(0, now.NonHeap-now.Stacks-now.Buckets), max(0, outside)}
}

// part is one of them, in bytes, now and at first, and what it is.
type part struct {
	bytes, was int64
	what       string
}

// text names what is worth a word in a process limited to so many bytes, the largest first, and by how much it grew
// since first; "" where nothing is. It begins with a separator.
func (p parts) text(first parts, process int64) string {
	all := []part{
		{p.beside, first.beside, "of live heap that is no content"},
		{p.stacks, first.stacks, "of goroutine stacks"},
		{p.buckets, first.buckets, "of profiling buckets (a call stack each: recursion makes many; runtime.MemProfileRate = 0 makes none)"},
		{p.rest, first.rest, "of the runtime's own tables"},
		{p.outside, first.outside, "outside Go"},
	}
	slices.SortStableFunc(all, func(x, y part) int { return cmp.Compare(y.bytes, x.bytes) })
	var words []string
	for _, a := range all {
		if a.bytes <= process/worthAWord {
			continue
		}
		word := bytesize.Format(a.bytes) + " " + a.what
		if a.was > 0 && a.bytes-a.was > a.bytes/2 {
			word += fmt.Sprintf(", %s at first", bytesize.Format(a.was))
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return ""
	}
	return "; beside the content there are " + strings.Join(words, ", and ")
}
