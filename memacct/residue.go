package memacct

import (
	"fmt"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// smallStart is the part of what is held that is no more than the error of what was there before the first unit ended.
const smallStart = 8

// residueOf is what is told of bytes that are no content, measured when so many units had ended beside a baseline.
func residueOf(r govern.Trend, units, pinned, baseline int64) Residue {
	each, before := r.Fit()
	if each <= 0 || units == 0 {
		return Residue{}
	}
	bytes := pinned
	if start := int64(before) - baseline; start > pinned/smallStart {
		bytes -= start
	}
	if bytes < pinned/leastResidue {
		return Residue{}
	}
	return Residue{Units: units, Each: bytes / units, Bytes: bytes}
}

// leastResidue is the part of what is held outside the queues that finished units must have left behind to be told.
const leastResidue = 4

// toCome is how many units are to come, as far as that was said. The lock is held.
func (b *Budget) toCome() int64 { return b.arrivals.expected - b.core.Ended() }

// Residue is what the units that ended have left behind. All amounts are bytes.
type Residue struct {
	Units    int64 // that ended
	Each     int64 // that one of them leaves behind, about
	Bytes    int64 // that all of them have left behind: no more than what is pinned and what is charged by name
	ToCome   int64 // units that are still to come, as [Gate.Expect] said; 0 if that is not known
	Expected int64 // bytes that those will leave behind
}

// String says it in a sentence's part.
func (r Residue) String() string {
	f := bytesize.Format
	return fmt.Sprintf("each finished unit leaves about %s behind: %s, %s", f(r.Each), text.Count(r.Units, "unit"), f(r.Bytes))
}
