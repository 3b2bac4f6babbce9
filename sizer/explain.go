package sizer

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Explain sizes v and says where the bytes are. Its total is what Of returns for v in a variable
// of its own type, and it costs some hundred times as much: it is for people.
func Explain(v any) *Breakdown {
	b := &Breakdown{Root: &Part{Count: 1, Type: fmt.Sprintf("%T", v), typ: reflect.TypeOf(v)}}
	w := walker{memory: new(memory), trace: &tracer{at: b.Root, parts: map[partKey]*Part{}}}
	w.rootOf(v)
	w.trace.settle(&w)
	b.Result = w.Result
	b.Root.finish()
	return b
}

// Breakdown is the size of a value split by field path and by type.
type Breakdown struct {
	Result
	Root *Part
}

// Part is what one field path keeps alive, over all the values the path leads to. A path that
// leads back into itself (a list, a tree) is one part for all its levels.
type Part struct {
	// Path leads from the value: .Files[].Name, .Labels[key], .Body.(*Text).Lines[].
	Path string
	// Type is the Go type found at the path.
	Type string
	// Bytes of this part and the parts below it.
	Bytes int64
	// Own bytes: the blocks that the values at the path point to directly.
	Own int64
	// Count is how many values were found at the path.
	Count int64
	// Opaque is how many of them may hold more than is counted (see Result).
	Opaque int
	// Note says why a part counts nothing, or is misspelt.
	Note string
	// Parts are the parts below, largest first.
	Parts []*Part

	parent *Part
	in     *plan // whose op led here
	typ    reflect.Type
}

// TypeBytes is what the values of one type keep alive directly.
type TypeBytes struct {
	Type  string
	Bytes int64
	Count int64
}

// Types splits the total by type, largest first.
func (b *Breakdown) Types() []TypeBytes {
	sums := map[string]*TypeBytes{}
	b.Root.each(func(p *Part) {
		t := sums[p.Type]
		if t == nil {
			t = &TypeBytes{Type: p.Type}
			sums[p.Type] = t
		}
		t.Bytes, t.Count = t.Bytes+p.Own, t.Count+p.Count
	})
	var list []TypeBytes
	for _, t := range sums {
		if t.Bytes > 0 {
			list = append(list, *t)
		}
	}
	slices.SortFunc(list, func(a, b TypeBytes) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Type, b.Type))
	})
	return list
}

func (p *Part) each(f func(*Part)) {
	f(p)
	for _, q := range p.Parts {
		q.each(f)
	}
}

// finish sums the tree up and sorts it.
func (p *Part) finish() {
	p.Bytes = p.Own
	for _, q := range p.Parts {
		q.finish()
		p.Bytes += q.Bytes
	}
	slices.SortStableFunc(p.Parts, func(a, b *Part) int { return cmp.Compare(b.Bytes, a.Bytes) })
}

// String prints the tree: bytes, share of the whole, how many, path and type.
func (b *Breakdown) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d bytes in %s", b.Bytes, b.Root.Type)
	for _, flag := range []struct {
		on   bool
		text string
	}{
		{b.Opaque > 0, fmt.Sprintf("%d opaque", b.Opaque)},
		{b.Truncated, "truncated: the true size is larger"},
		{b.Approximate, "approximate"},
	} {
		if flag.on {
			s.WriteString(", " + flag.text)
		}
	}
	s.WriteByte('\n')
	for _, p := range b.Root.Parts {
		p.print(&s, b.Bytes, "  ")
	}
	return s.String()
}

// print writes the parts that count, or that a reader should know of.
func (p *Part) print(s *strings.Builder, whole int64, indent string) {
	if p.Bytes == 0 && p.Opaque == 0 && p.Note == "" {
		return
	}
	fmt.Fprintf(s, "%10d %5.1f%% %s%s %s", p.Bytes, 100*float64(p.Bytes)/float64(max(whole, 1)), indent, p.Path, p.Type)
	if p.Count > 1 {
		fmt.Fprintf(s, " x%d", p.Count)
	}
	if p.Opaque > 0 {
		fmt.Fprintf(s, " (%d opaque)", p.Opaque)
	}
	if p.Note != "" {
		fmt.Fprintf(s, " (%s)", p.Note)
	}
	s.WriteByte('\n')
	for _, q := range p.Parts {
		q.print(s, whole, indent+"  ")
	}
}
