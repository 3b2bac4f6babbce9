package synth

import (
	"encoding/binary"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
)

// lines makes the lines of a file manifest. All are 200 bytes long: the flat
// workload, where counting units and counting bytes are the same thing and
// only the cost of accounting for each shows.
type lines struct {
	layout
	text text
}

// lineBytes is the length of path, SHA-256 in hex, size and the two commas.
const lineBytes = 200

func openFiles(s Spec) maker {
	return &lines{layout: newLayout(s.Count, 1, s.identity())}
}

func (m *lines) sizes() layout { return m.layout }

// unit makes line id; those of a directory, 64 each, are side by side.
func (m *lines) unit(id int) contentmodel.Unit {
	t := &m.text
	f := &file.File{}
	t.seed(m.key, uint64(id))
	for i := 0; i < len(f.SHA256); i += 8 {
		binary.BigEndian.PutUint64(f.SHA256[i:], t.Uint64())
	}
	f.Size = 1000 + int64(t.Uint64()%99_999_000)
	size := strconv.FormatInt(f.Size, 10)
	number := strconv.FormatInt(int64(id), 36)

	dir := mix(m.key + uint64(id/64))
	b := append(t.buf[:0], "pub/"...)
	b = append(letters(b, 40+int(dir>>60), dir), '/')
	b = letters(b, lineBytes-len(b)-len(number)-len(size)-2*len(f.SHA256)-len("-.iso,,"), t.Uint64())
	b = append(append(append(b, '-'), number...), ".iso"...)
	t.buf = b
	f.Path = string(b)
	return f
}
