package sizer

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer/internal/sample"
)

type unit struct {
	Name  string
	Files []file
	Attrs map[string]any
	Body  any
	tree  *branch
	grid  [6][]int
	refs  [2]*file
}

type file struct{ Path, Digest string }

type branch struct {
	name        string
	left, right *branch
}

func paths(b *Breakdown) map[string]*Part {
	found := map[string]*Part{}
	b.Root.each(func(p *Part) { found[p.Path] = p })
	return found
}

func TestExplainPaths(t *testing.T) {
	if wordSize != 8 {
		t.Skip("the sizes below are those of 64-bit machines")
	}
	leaf := &branch{name: heapText(33)}
	v := &unit{
		Name:  heapText(33),
		Files: []file{{heapText(33), heapText(100)}, {heapText(33), heapText(100)}},
		Attrs: map[string]any{heapText(33): []any{heapText(33)}},
		Body:  &file{Path: heapText(33)},
		tree:  &branch{left: &branch{right: &branch{left: leaf}}},
		refs:  [2]*file{{Path: heapText(33)}, nil},
	}
	v.grid[3] = make([]int, 4)
	b := Explain(v)
	require.Equal(t, Of(v), b.Bytes)
	got := paths(b)
	for path, want := range map[string]int64{ // own bytes
		"":                                     240,
		".Name":                                48,
		".Files":                               64,
		".Files[].Path":                        96,
		".Files[].Digest":                      224,
		".Attrs":                               48 + 288,
		".Attrs[key]":                          48,
		".Attrs[]":                             24, // the box
		".Attrs[].([]interface {})":            16,
		".Attrs[].([]interface {})[]":          16, // the box of the string
		".Attrs[].([]interface {})[].(string)": 48,
		".Body.(*sizer.file)":                  32,
		".Body.(*sizer.file).Path":             48,
		".tree":                                32,
		".tree.left":                           64, // every left, at any level
		".tree.right":                          32,
		".tree.name":                           48,
		".grid[]":                              32,
		".refs[]":                              32,
		".refs[].Path":                         48,
	} {
		require.Contains(t, got, path)
		require.Equal(t, want, got[path].Own, path)
	}
	sum := int64(0)
	for _, p := range got {
		sum += p.Own
	}
	require.Equal(t, b.Bytes, sum)
	require.Equal(t, b.Bytes, b.Root.Bytes)
	require.EqualValues(t, 2, got[".Files[].Path"].Count)
	require.Equal(t, "string", got[".Files[].Path"].Type)
}

func TestExplainText(t *testing.T) {
	v := &struct {
		Name   string
		Files  []file
		Cache  map[string]int `mem:"shared"`
		Notify func()
	}{Name: heapText(3000), Files: []file{{Path: heapText(500)}, {Path: heapText(500)}}, Cache: map[string]int{"a": 1}}
	n := len(v.Name)
	v.Notify = func() { n++ }
	text := Explain(v).String()
	if wordSize == 8 {
		require.Equal(t, `4240 bytes in *struct { Name string; Files []sizer.file; Cache map[string]int "mem:\"shared\""; Notify func() }, 1 opaque
      3072  72.5%   .Name string
      1088  25.7%   .Files []sizer.file
      1024  24.2%     .Files[].Path string x2
        16   0.4%   .Notify func() (1 opaque)
         0   0.0%   .Cache map[string]int (shared, by its tag)
`, text)
	}
}

func TestExplainTypes(t *testing.T) {
	p := sample.New(1)
	b := Explain(p)
	require.Equal(t, Of(p), b.Bytes)
	sum, last := int64(0), b.Bytes
	for _, part := range b.Types() {
		require.LessOrEqual(t, part.Bytes, last, "largest first")
		sum, last = sum+part.Bytes, part.Bytes
	}
	require.Equal(t, b.Bytes, sum)
	require.Equal(t, "string", b.Types()[0].Type)
}

// A value in an interface is explained as what it is, without its box.
func TestExplainEqualsOf(t *testing.T) {
	v := unit{Name: heapText(33), Body: 5000}
	require.Equal(t, Of(v), Explain(v).Bytes)
	require.Equal(t, Of(v.Name), Explain(v.Name).Bytes)
	require.Equal(t, Of([]string{v.Name}), Explain([]string{v.Name}).Bytes)
	require.Equal(t, Of(map[int]string{1: v.Name}), Explain(map[int]string{1: v.Name}).Bytes)
	require.Equal(t, Of[any](v)-int64(blockOf(unsafe.Sizeof(v), true)), Explain(v).Bytes, "Of of an interface counts the box")
}
