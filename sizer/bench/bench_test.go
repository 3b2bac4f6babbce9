package bench

import (
	"testing"

	"github.com/DmitriyVTitov/size"

	"github.com/syncmem/syncmem/sizer"
	"github.com/syncmem/syncmem/sizer/internal/sample"
)

// unit is how a pipeline sees its content: as an interface with methods.
type unit interface{ Key() string }

type sizerOf[T any] struct {
	name string
	size func(T) int64
}

var sizers = []sizerOf[*sample.Package]{
	{"hand", Hand},
	{"Plain", sizer.Plain[*sample.Package]},
	{"Of", sizer.Of[*sample.Package]},
	{"Of-interface", func(p *sample.Package) int64 { return sizer.Of[unit](p) }},
	{"Scope", func(p *sample.Package) int64 { return new(sizer.Scope).Of(p) }},
	{"DmitriyVTitov", func(p *sample.Package) int64 { return int64(size.Of(p)) }},
}

var versionSizers = []sizerOf[*sample.Version]{
	{"hand", HandVersion},
	{"Plain", sizer.Plain[*sample.Version]},
	{"Of", sizer.Of[*sample.Version]},
}

// BenchmarkHot sizes one package again and again, all of it in the processor's cache.
func BenchmarkHot(b *testing.B) {
	p := sample.New(1)
	for _, s := range sizers {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.size(p)
			}
		})
	}
}

// BenchmarkMany sizes 2000 packages in turn, as a sync does: about 40 MB.
func BenchmarkMany(b *testing.B) {
	ps := make([]*sample.Package, 2000)
	for i := range ps {
		ps[i] = sample.New(i)
	}
	for _, s := range sizers {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.size(ps[i%len(ps)])
			}
		})
	}
}
