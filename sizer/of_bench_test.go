package sizer

import (
	"testing"

	"github.com/syncmem/syncmem/sizer/internal/sample"
)

func BenchmarkPackage(b *testing.B) {
	p := sample.New(1)
	b.ReportAllocs()
	for b.Loop() {
		Of(p)
	}
}

func BenchmarkPackages2000(b *testing.B) {
	ps := make([]*sample.Package, 2000)
	for i := range ps {
		ps[i] = sample.New(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Of(ps[i%2000])
	}
}
