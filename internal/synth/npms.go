package synth

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/npm"
)

// packument makes the versions of one npm package, as the abbreviated form of
// what a registry says of it has them: 1 to 3 kB of JSON each, which is what
// those of large packages have.
type packument struct {
	layout
	text text
	name string
}

func openNpms(s Spec) maker {
	m := &packument{layout: newLayout(s.Count, 1, s.identity())}
	m.text.seed(m.key, 0)
	m.name = m.text.name(12)
	return m
}

func (m *packument) sizes() layout { return m.layout }

func (m *packument) unit(id int) contentmodel.Unit {
	t := &m.text
	t.seed(m.key, uint64(id)+1)
	v := &npm.Version{Name: m.name, Version: strconv.Itoa(id/1000) + "." + strconv.Itoa(id/10%100) + "." + strconv.Itoa(id%10)}
	v.Tarball = "https://registry.example.org/" + v.Name + "/-/" + v.Name + "-" + v.Version + ".tgz"
	v.Integrity = "sha512-" + base64.StdEncoding.EncodeToString(t.bytes(64))
	v.Shasum = hex.EncodeToString(t.bytes(20))

	b := append(make([]byte, 0, 4<<10), `{"name":"`+v.Name+`","version":"`+v.Version+`","dependencies":{`...)
	for i := range 20 + t.below(40) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = letters(b, 6+t.below(12), t.Uint64())
		b = strconv.AppendInt(append(b, '-'), int64(i), 10) // no key is there twice
		b = append(b, `":"^`...)
		b = strconv.AppendInt(b, int64(t.below(20)), 10)
		b = append(b, `.0.0"`...)
	}
	b = append(b, `},"dist":{"integrity":"`+v.Integrity+`","shasum":"`+v.Shasum+`","tarball":"`+v.Tarball+`"}}`...)
	v.Manifest = append(make([]byte, 0, len(b)), b...) // a block that is no larger than it must be
	return v
}

// bytes draws n of them, which must be a multiple of four.
func (t *text) bytes(n int) []byte {
	b := make([]byte, 0, n)
	for len(b) < n {
		b = binary.BigEndian.AppendUint32(b, uint32(t.Uint64()))
	}
	return b
}
