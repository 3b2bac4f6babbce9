package synth

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"strconv"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
)

// The kinds of units that a container repository consists of.
const (
	ManifestKind = "container-manifest"
	ListKind     = "container-list" // of the manifests of an image, one for each platform
	TagKind      = "container-tag"  // the name of a list
)

// Image is a tag, a list of manifests or a manifest. A list can only be saved once all its manifests are, and a tag
// once its list is.
type Image struct {
	kind, key string
	Data      []byte // JSON, as a registry has it

	done  *link `mem:"shared"` // what waits for this one
	after *link `mem:"shared"` // what this one waits for
}

// link is between units and the one that waits for them.
type link struct {
	left atomic.Int32
	done chan struct{}
}

func newLink(units int) *link {
	l := &link{done: make(chan struct{})}
	l.left.Store(int32(units))
	return l
}

// Kind is one of the kinds above.
func (i *Image) Kind() string { return i.kind }

// Key is the digest of a list or manifest, and the name of a tag.
func (i *Image) Key() string { return i.key }

// WriteBody writes the JSON.
func (i *Image) WriteBody(w io.Writer) error {
	b := pieces{w: w}
	b.write(i.Data)
	return b.err
}

// After is closed once everything is resolved that the unit refers to; nil where it refers to nothing. Who emits the
// unit must wait for that, if anybody calls Resolve.
func (i *Image) After() <-chan struct{} {
	if i.after == nil {
		return nil
	}
	return i.after.done
}

// Resolve says, once, that the unit is in the store. Any goroutine may.
func (i *Image) Resolve() {
	if i.done != nil && i.done.left.Add(-1) == 0 {
		close(i.done.done)
	}
}

// images makes the units of a container repository, chain by chain: the manifests of a list, the list, its tag.
type images struct {
	layout
	text        text
	list, tagOf *link // of the chain that is being made
}

// Chains have 5 to 30 manifests, and come in pairs of so many units: which one a unit is of can be told by its number.
const (
	leastManifests = 5
	mostManifests  = 30
	pairUnits      = leastManifests + mostManifests + 2 + 2
)

func openImages(s Spec) maker { return &images{layout: newLayout(s.Count, 1, s.identity())} }

func (m *images) sizes() layout { return m.layout }

func (m *images) tell(building func(bytes int64) error) { m.text.building = building }

func (m *images) stopped() error { return m.text.stopped }

// chain says which chain a unit is of, where in it, and how many manifests that has.
func (m *images) chain(id int) (chain, at, manifests int) {
	pair, at := id/pairUnits, id%pairUnits
	manifests = leastManifests + int(mix(m.key^mix(uint64(pair)))%(mostManifests-leastManifests+1))
	if at < manifests+2 {
		return 2 * pair, at, manifests
	}
	return 2*pair + 1, at - manifests - 2, leastManifests + mostManifests - manifests
}

// group has one builder make all units of a chain.
func (m *images) group(id int) int {
	chain, _, _ := m.chain(id)
	return chain
}

// manifestKnots is the quantile function of a manifest's bytes: one in a hundred has the 4 MiB that a registry must take.
var manifestKnots = [...]knot{{0, 2000}, {9900, 20_000}, {9901, 4 << 20}, {10_000, 4 << 20}}

func (m *images) unit(id int) contentmodel.Unit {
	chain, at, manifests := m.chain(id)
	if at == 0 {
		m.list, m.tagOf = newLink(manifests), newLink(1)
	}
	switch at {
	case manifests:
		return &Image{ListKind, m.digest(id), m.index(id, manifests), m.tagOf, m.list}
	case manifests + 1:
		t := &m.text
		t.seed(m.key, uint64(id))
		name := t.name(8) + ":" + strconv.Itoa(chain)
		return &Image{TagKind, name, []byte(`{"tag":"` + name + `","digest":"` + m.digest(id-1) + `"}`), nil, m.tagOf}
	}
	size := quantile(manifestKnots[:], fraction(2*uint64(m.rank(id))+1, 2*uint64(m.ranks())))
	if t := &m.text; t.building != nil && size > buildingStep {
		if t.stopped = t.building(int64(size)); t.stopped != nil {
			return nil
		}
	}
	return &Image{ManifestKind, m.digest(id), m.manifest(id, size), m.list, nil}
}

// digest is that of a list or manifest.
func (m *images) digest(id int) string {
	var sum [32]byte
	for i := range 4 {
		binary.BigEndian.PutUint64(sum[8*i:], mix(m.key^mix(uint64(4*id+i))))
	}
	return "sha256:" + hex.EncodeToString(sum[:])
}

// index is a list of the units before it.
func (m *images) index(id, manifests int) []byte {
	b := append(make([]byte, 0, 256*manifests), `{"schemaVersion":2,"manifests":[`...)
	for i := range manifests {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"`...)
		b = append(b, m.digest(id-manifests+i)...)
		b = append(b, `","platform":{"os":"linux","architecture":"`...)
		b = append(letters(b, 5, mix(uint64(i))), `"}}`...)
	}
	return append(b, `]}`...)
}

// manifest is one of so many bytes, in a block of just that size: layers, and an annotation that makes up the rest.
func (m *images) manifest(id, size int) []byte {
	t := &m.text
	t.seed(m.key, uint64(id))
	b := append(make([]byte, 0, size), `{"schemaVersion":2,"layers":[`...)
	const layer = 150 // bytes, at most
	for i := 0; i < 30 && len(b) < size/2-layer; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"digest":"sha256:`...)
		b = hex.AppendEncode(b, t.bytes(32))
		b = append(b, `","size":`...)
		b = append(strconv.AppendInt(b, int64(1000+t.below(1_000_000_000)), 10), '}')
	}
	b = append(b, `],"annotations":{"description":"`...)
	const end = `"}}`
	b = t.appendWords(b, size-len(end))
	return append(b, end...)
}
