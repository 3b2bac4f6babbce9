package rpm

import (
	"encoding/binary"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// Changelog is one entry of a package's changelog; Date is Unix seconds.
type Changelog struct {
	Author string
	Date   int64
	Text   string
}

// Changelogs is the list of them. It can't be changed, and copies of it share
// its bytes.
type Changelogs struct{ list packed.List }

// NewChangelogs packs a list.
func NewChangelogs(all ...Changelog) Changelogs {
	var b changelogs
	for i := range all {
		addChangelog(&b, all[i].Author, all[i].Date, all[i].Text)
	}
	return b.finish()
}

// Len is how many entries there are.
func (c Changelogs) Len() int { return c.list.Len() }

// All yields the entries in the order of the metadata, without allocating.
// Their strings are parts of the list: who keeps one alone keeps all of it,
// and takes a strings.Clone if that is too much.
func (c Changelogs) All() iter.Seq[Changelog] {
	return func(yield func(Changelog) bool) {
		for r := range c.list.Pieces() {
			author := ""
			for !r.Empty() {
				date := r.Uint()
				// An author's length is one more: none stands for the author of the entry before.
				if n := r.Int(); n > 0 {
					author = r.Text(n - 1)
				}
				if !yield(Changelog{author, int64(date>>1) ^ -int64(date&1), r.Sized()}) {
					return
				}
			}
		}
	}
}

// changelogs builds a list.
type changelogs struct {
	pack packed.Packer
	last []byte // the author before
}

func (b *changelogs) finish() Changelogs {
	b.last = b.last[:0]
	return Changelogs{b.pack.List()}
}

func addChangelog[S string | []byte](b *changelogs, author S, date int64, text S) {
	first := b.pack.Begin(len(author) + len(text) + 3*binary.MaxVarintLen64)
	b.pack.Uint(uint64(date)<<1 ^ uint64(date>>63))
	if !first && string(author) == string(b.last) {
		b.pack.Uint(0)
	} else {
		b.pack.Uint(uint64(len(author)) + 1)
		packed.Append(&b.pack, author)
		b.last = append(b.last[:0], author...)
	}
	packed.AppendSized(&b.pack, text)
}
