package deb

import (
	"fmt"
	"hash/maphash"

	"github.com/syncmem/syncmem/contentmodel/internal/shared"
)

// maxOnce bounds what is kept of packages for all architectures, which takes
// some 15 MiB then. Debian's main has 40,000 of them.
const maxOnce = 1 << 18

// onceBytes is what is kept of one of them, about.
const onceBytes = 60

// once knows which packages for all architectures an index before had. It
// keeps two hashes of their keys with seeds that nobody can guess: that two of
// a million packages share both is less likely than a broken disk.
type once struct {
	seeds [2]maphash.Seed
	seen  map[[2]uint64]int32 // the index that had it first
	most  int
	full  bool
	last  bool // no other index follows, so that nothing has to be kept
	note  func(string)
	kept  *shared.Kept
}

func newOnce(note func(string), kept *shared.Kept) *once {
	return &once{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, most: maxOnce, note: note, kept: kept}
}

// met reports whether an index before this one had the package. The same package
// twice in one index is another matter, and none of ours.
func (o *once) met(p *Package, index int32) bool {
	if p.Architecture != "all" || o.last && len(o.seen) == 0 {
		return false
	}
	key := p.Key()
	id := [2]uint64{maphash.String(o.seeds[0], key), maphash.String(o.seeds[1], key)}
	first, ok := o.seen[id]
	switch {
	case ok:
		return first != index
	case o.last || o.full:
		return false
	case len(o.seen) == o.most:
		o.full = true
		o.note(fmt.Sprintf("there are more than %d packages for all architectures: what is beyond comes as often as an index has it", o.most))
		return false
	}
	if o.seen == nil {
		o.seen = make(map[[2]uint64]int32)
	}
	o.seen[id] = index
	o.kept.Add(onceBytes)
	return false
}
