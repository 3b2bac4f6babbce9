package synth

import (
	"encoding/hex"
	"io"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel"
)

// CollectionKind is the content type of versions of Ansible collections.
const CollectionKind = "ansible"

// Collection is one version of an Ansible collection, as a Galaxy server tells
// of it: a line for each of its files, and the documentation of each plugin.
// Both together are megabytes, and are there before the unit can be put.
type Collection struct {
	Namespace, Name, Version string

	Files   []byte // the entries of FILES.json, one JSON array
	Plugins []Plugin
}

// Plugin is what a collection's documentation says of one plugin.
type Plugin struct {
	Name string
	Text []byte // plain words, which JSON need not escape
}

// Kind is always [CollectionKind].
func (c *Collection) Kind() string { return CollectionKind }

// Key is namespace.name:version.
func (c *Collection) Key() string { return c.Namespace + "." + c.Name + ":" + c.Version }

// WriteBody writes the files, and the documentation by plugin.
func (c *Collection) WriteBody(w io.Writer) error {
	b := pieces{w: w}
	b.write(`{"files":`)
	b.write(c.Files)
	b.write(`,"docs":{`)
	for i, p := range c.Plugins {
		if i > 0 {
			b.write(",")
		}
		b.write(`"` + p.Name + `":"`)
		b.write(p.Text)
		b.write(`"`)
	}
	b.write("}}")
	return b.err
}

// pieces writes in pieces of a few KiB, up to the first error.
type pieces struct {
	w   io.Writer
	err error
}

// write takes a string or bytes.
func (p *pieces) write(text any) {
	b, ok := text.([]byte)
	if !ok {
		b = []byte(text.(string))
	}
	for len(b) > 0 && p.err == nil {
		n := min(len(b), 4<<10)
		_, p.err = p.w.Write(b[:n])
		b = b[n:]
	}
}

// collections makes versions of Ansible collections. What documents a plugin
// is the same in all versions of a collection, but for one in ten.
type collections struct {
	layout
	text     text
	versions int
}

func openCollections(s Spec) maker {
	return &collections{layout: newLayout(s.Count, s.Versions, s.identity()), versions: s.Versions}
}

func (m *collections) sizes() layout { return m.layout }

func (m *collections) tell(building func(bytes int64) error) { m.text.building = building }

func (m *collections) stopped() error { return m.text.stopped }

// What a version of a collection has on average: community.general has 4,592 files, in 889 KB of JSON, and 2.76 MB of
// documentation in 736 plugins. Small ones have a half less, large ones a half more.
const (
	collectionFiles = 889_000
	collectionDocs  = 2_760_000
)

// pluginKnots is the quantile function of the bytes that document a plugin: 3.7 kB on average, the largest 63.5 kB.
var pluginKnots = [...]knot{{0, 300}, {5000, 2000}, {9000, 6000}, {9900, 20_000}, {10_000, 63_500}}

// unit makes version id%versions of collection id/versions. It says what that is going to weigh before it makes any of
// it: a client knows from the sizes that the server tells.
func (m *collections) unit(id int) contentmodel.Unit {
	percent := 50 + 100*m.rank(id)/m.ranks()
	files, docs := collectionFiles*percent/100, collectionDocs*percent/100
	t := &m.text
	if t.building != nil {
		if t.stopped = t.building(int64(files+docs) * 9 / 8); t.stopped != nil { // names, and what blocks are rounded up by
			return nil
		}
	}
	name := uint64(id / m.versions)
	t.seed(m.key, 2*name)
	c := &Collection{Namespace: t.name(9), Name: t.name(8) + "_" + strconv.FormatUint(name, 36)}
	c.Version = strconv.Itoa(id%m.versions/10) + "." + strconv.Itoa(id%m.versions%10) + ".0"
	c.Plugins = m.document(name, uint64(id), docs)
	t.seed(m.key, 2*uint64(id)+1)
	c.Files = m.list(files)
	return c
}

// document is n bytes of documentation, by plugin.
func (m *collections) document(name, id uint64, n int) (all []Plugin) {
	t := &m.text
	for left := n; left > 0; {
		plugin := uint64(len(all))
		spelling := mix(m.key ^ mix(name)<<1)
		if plugin%10 == 9 {
			spelling = mix(m.key ^ mix(id)<<1 ^ 1)
		}
		t.seed(spelling, plugin)
		size := min(left, quantile(pluginKnots[:], mix(m.key^mix(name<<32|plugin))))
		left -= size
		all = append(all, Plugin{t.name(10) + "_" + strconv.Itoa(len(all)), t.words(size)})
	}
	return all
}

// words is n bytes of them in one line, in a block of just that size.
func (t *text) words(n int) []byte { return t.appendWords(make([]byte, 0, n), n) }

// appendWords appends words up to a length of n in all.
func (t *text) appendWords(b []byte, n int) []byte {
	for {
		x := t.Uint64()
		length := 2 + int(x>>60)%9
		if len(b)+length+1 > n {
			return letters(b, n-len(b), x)
		}
		b = append(letters(b, length, x), ' ')
	}
}

// list is JSON of files, of about n bytes and at most so many, in a block of just that size.
func (m *collections) list(n int) []byte {
	t := &m.text
	const entry = 194 // bytes, those of the longest path at most
	b := append(make([]byte, 0, n), '[')
	for len(b)+entry < n {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, `{"name":"plugins/`...)
		b = letters(b, 8+t.below(12), t.Uint64())
		b = append(b, '/')
		b = letters(b, 10+t.below(20), mix(t.Uint64()))
		b = append(b, `.py","ftype":"file","chksum_type":"sha256","chksum_sha256":"`...)
		b = hex.AppendEncode(b, t.bytes(32))
		b = append(b, `"}`...)
	}
	return append(b, ']')
}
