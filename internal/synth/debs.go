package synth

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

// paragraphs makes the paragraphs of a Debian Packages index. They are alike:
// half weigh 710 bytes, one in a hundred 2,000, one in ten thousand 11,000.
type paragraphs struct {
	layout
	text text
}

func openDebs(s Spec) maker {
	return &paragraphs{layout: newLayout(s.Count, family, s.identity())}
}

func (m *paragraphs) sizes() layout { return m.layout }

// paragraphKnots is the quantile function of a paragraph's bytes, by parts of
// ten thousand: measured on bookworm main, but for the very last ten, where
// the one of 76 kB would shift the mean of a short run.
var paragraphKnots = [...]knot{
	{0, 445},
	{500, 569},
	{1000, 593},
	{2500, 641},
	{5000, 713},
	{7500, 827},
	{9000, 1012},
	{9500, 1191},
	{9800, 1539},
	{9900, 1978},
	{9950, 2604},
	{9990, 4892},
	{9995, 6265},
	{10000, 11477},
}

// fixedBytes is what a paragraph has beside its dependencies, about.
const fixedBytes = 420

func (m *paragraphs) unit(id int) contentmodel.Unit {
	t := &m.text
	t.seed(m.key, uint64(id))
	p := &deb.Package{Architecture: pick(t.Uint64(), "amd64", "all"), Priority: "optional", Section: pick(t.Uint64(), "libs", "devel", "python", "doc")}
	p.Package = t.packageName(mix(m.key+uint64(id/m.cluster)), id)
	p.Version = t.version(t.below(30)) + "-" + t.release()
	p.Source = p.Package[:len(p.Package)/2] + "src"
	p.Filename = "pool/main/" + p.Package[:1] + "/" + p.Source + "/" + p.Package + "_" + p.Version + "_" + p.Architecture + ".deb"
	p.Maintainer = t.prose(10+t.below(15)) + " <" + t.name(9) + "@example.org>"
	p.Homepage = "https://" + t.name(5+t.below(9)) + ".example.org/"
	p.Description = t.prose(30 + t.below(40))
	p.DescriptionMD5 = t.md5()
	p.Size = 1000 + int64(t.below(100_000_000))
	p.InstalledSize = p.Size / 300
	for i := 0; i < len(p.SHA256); i += 8 {
		binary.BigEndian.PutUint64(p.SHA256[i:], t.Uint64())
	}
	rest := quantile(paragraphKnots[:], fraction(2*uint64(m.rank(id))+1, 2*uint64(m.ranks()))) - fixedBytes
	p.Depends = m.list(rest)
	return p
}

// list is a list of dependencies, of about n bytes.
func (m *paragraphs) list(n int) string {
	var b strings.Builder
	b.Grow(n + 40)
	for b.Len() < n {
		d := m.text.dependency()
		name, _, _ := strings.Cut(d.Name, "(") // no Debian package is called lib.so()(64bit)
		b.WriteString(name)
		if d.Version != "" {
			b.WriteString(" (>= " + d.Version + "), ")
		} else {
			b.WriteString(", ")
		}
	}
	return strings.Clone(strings.TrimSuffix(b.String(), ", "))
}

// md5 is one in hex.
func (t *text) md5() string {
	var sum [16]byte
	binary.BigEndian.PutUint64(sum[:8], t.Uint64())
	binary.BigEndian.PutUint64(sum[8:], t.Uint64())
	return hex.EncodeToString(sum[:])
}
