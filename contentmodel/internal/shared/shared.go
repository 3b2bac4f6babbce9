// Package shared keeps what the units of a reader have in common, and tells how
// much a reader keeps beside its units.
package shared

import "github.com/syncmem/syncmem/contentmodel/internal/scale"

// Kept adds up what the parts of a reader keep, and tells of it for every
// [scale.Step] that it is more or less. It belongs to one goroutine. A nil one
// tells nobody.
type Kept struct {
	tell        func(bytes int64)
	bytes, told int64
}

// NewKept returns one that is told to tell, nil if that is.
func NewKept(tell func(bytes int64)) *Kept {
	if tell == nil {
		return nil
	}
	return &Kept{tell: tell}
}

// Add says that so many bytes more are kept, or less.
func (k *Kept) Add(n int64) {
	if k == nil {
		return
	}
	k.bytes += n
	if d := k.bytes - k.told; d >= scale.Step || -d >= scale.Step {
		k.told = k.bytes
		k.tell(k.told)
	}
}

// Close says that nothing is kept any more.
func (k *Kept) Close() {
	if k != nil && k.told != 0 {
		k.bytes, k.told = 0, 0
		k.tell(0)
	}
}

// What is shared is bounded: what does not fit is a string of its own.
const (
	maxStrings = 4096
	maxBytes   = 128 // of each
	// entryBytes is what a string in the table takes beside its own bytes, about.
	entryBytes = 64
)

// Strings are strings that are met again and again, each once.
type Strings struct {
	kept *Kept
	m    map[string]string
}

// NewStrings returns an empty table, which tells kept of what it comes to have.
func NewStrings(kept *Kept) *Strings { return &Strings{kept: kept, m: make(map[string]string)} }

// Of is b as a string, and whether it is one that others share; if not, who has
// it counts it. It allocates where the string is new.
func (t *Strings) Of(b []byte) (s string, shared bool) {
	if s, ok := t.m[string(b)]; ok {
		return s, true
	}
	s = string(b)
	if len(t.m) == maxStrings || len(b) > maxBytes {
		return s, false
	}
	t.m[s] = s
	t.kept.Add(entryBytes + Own(len(s)))
	return s, true
}

// Own is what a string of its own takes, to 15 bytes: for the MemExtra of a unit
// whose strings are mostly shared.
func Own(n int) int64 { return int64(n+15) &^ 15 }
