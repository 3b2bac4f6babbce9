package rpm

import (
	"encoding/binary"
	"iter"
)

// Changelog is one entry of a package's changelog; Date is Unix seconds.
type Changelog struct {
	Author string
	Date   int64
	Text   string
}

// Changelogs is the list of them. It can't be changed, and copies of it share
// its bytes.
type Changelogs struct{ list packed }

// NewChangelogs packs a list.
func NewChangelogs(all ...Changelog) Changelogs {
	var b changelogs
	for i := range all {
		addChangelog(&b, all[i].Author, all[i].Date, all[i].Text)
	}
	return b.finish()
}

// Len is how many entries there are.
func (c Changelogs) Len() int { return c.list.size() }

// All yields the entries in the order of the metadata, without allocating.
// Their strings are parts of the list: who keeps one alone keeps all of it,
// and takes a strings.Clone if that is too much.
func (c Changelogs) All() iter.Seq[Changelog] {
	return func(yield func(Changelog) bool) {
		for r := range c.list.pieces() {
			author := ""
			for len(r.s) > 0 {
				date := r.uint()
				// An author's length is one more: none stands for the author of the entry before.
				if n := r.int(); n > 0 {
					author = r.text(n - 1)
				}
				if !yield(Changelog{author, int64(date>>1) ^ -int64(date&1), r.sized()}) {
					return
				}
			}
		}
	}
}

// changelogs builds a list.
type changelogs struct {
	pack packer
	last []byte // the author before
}

func (b *changelogs) finish() Changelogs {
	b.last = b.last[:0]
	return Changelogs{b.pack.list()}
}

func addChangelog[S string | []byte](b *changelogs, author S, date int64, text S) {
	first := b.pack.begin(len(author) + len(text) + 3*binary.MaxVarintLen64)
	b.pack.uint(uint64(date)<<1 ^ uint64(date>>63))
	if !first && string(author) == string(b.last) {
		b.pack.uint(0)
	} else {
		b.pack.uint(uint64(len(author)) + 1)
		b.pack.buf = append(b.pack.buf, author...)
		b.last = append(b.last[:0], author...)
	}
	appendSized(&b.pack, text)
}
