package rpm

import (
	"encoding/binary"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// Dependency is one entry of a package's eight dependency lists. Flags is EQ,
// LT, GT, LE, GE, or empty when any version will do. Pre tells of a requirement
// that has to be there before the package's own scripts run.
type Dependency struct {
	Name, Flags, Epoch, Version, Release string
	Pre                                  bool
}

// Dependencies is a list of them. It can't be changed, and copies of it share
// its bytes: a third of what a slice of [Dependency] takes.
type Dependencies struct{ list packed.List }

// NewDependencies packs a list.
func NewDependencies(all ...Dependency) Dependencies {
	var b dependencies
	for i := range all {
		d := &all[i]
		addDependency(&b, d.Name, d.Flags, d.Epoch, d.Version, d.Release, d.Pre)
	}
	return b.finish()
}

// Len is how many entries there are.
func (d Dependencies) Len() int { return d.list.Len() }

// All yields the entries in the order of the metadata, without allocating.
// Their strings are parts of the list: who keeps one alone keeps all of it,
// and takes a strings.Clone if that is too much.
func (d Dependencies) All() iter.Seq[Dependency] {
	return func(yield func(Dependency) bool) {
		for r := range d.list.Pieces() {
			for !r.Empty() {
				if !yield(dependency(&r)) {
					return
				}
			}
		}
	}
}

// Each entry begins with a byte that says what follows the name: flags in
// three bits, the epoch in two, whether there are a version and a release, and
// Pre.
const (
	epochShift   = 3
	epochZero    = 1 << epochShift
	epochOther   = 2 << epochShift
	epochMask    = 3 << epochShift
	hasVersion   = 1 << 5
	hasRelease   = 1 << 6
	hasPre       = 1 << 7
	flagsMask    = 7
	flagsOther   = 7
	maxExtraSize = 1 + 5*binary.MaxVarintLen32
)

var dependencyFlags = [...]string{"", "EQ", "LT", "GT", "LE", "GE"}

func dependency(r *packed.Record) (d Dependency) {
	head := r.Text(1)[0]
	d.Pre = head&hasPre != 0
	d.Name = r.Sized()
	if f := int(head & flagsMask); f == flagsOther {
		d.Flags = r.Sized()
	} else {
		d.Flags = dependencyFlags[f]
	}
	switch head & epochMask {
	case epochZero:
		d.Epoch = "0"
	case epochOther:
		d.Epoch = r.Sized()
	}
	if head&hasVersion != 0 {
		d.Version = r.Sized()
	}
	if head&hasRelease != 0 {
		d.Release = r.Sized()
	}
	return d
}

// dependencies builds a list.
type dependencies struct{ pack packed.Packer }

func (b *dependencies) finish() Dependencies { return Dependencies{b.pack.List()} }

func addDependency[S string | []byte](b *dependencies, name, flags, epoch, version, release S, pre bool) {
	b.pack.Begin(len(name) + len(flags) + len(epoch) + len(version) + len(release) + maxExtraSize)
	head := byte(flagsOther)
	for i, f := range dependencyFlags {
		if string(flags) == f {
			head = byte(i)
		}
	}
	switch string(epoch) {
	case "":
	case "0":
		head |= epochZero
	default:
		head |= epochOther
	}
	if len(version) > 0 {
		head |= hasVersion
	}
	if len(release) > 0 {
		head |= hasRelease
	}
	if pre {
		head |= hasPre
	}
	packed.Append(&b.pack, []byte{head})
	packed.AppendSized(&b.pack, name)
	if head&flagsMask == flagsOther {
		packed.AppendSized(&b.pack, flags)
	}
	if head&epochMask == epochOther {
		packed.AppendSized(&b.pack, epoch)
	}
	if head&hasVersion != 0 {
		packed.AppendSized(&b.pack, version)
	}
	if head&hasRelease != 0 {
		packed.AppendSized(&b.pack, release)
	}
}
