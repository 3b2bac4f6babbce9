package deb_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// BenchmarkReadPackages parses the index that SYNCMEM_DEB_PACKAGES names, plain
// or compressed: B/s of stored bytes, allocations per package.
func BenchmarkReadPackages(b *testing.B) {
	path := os.Getenv("SYNCMEM_DEB_PACKAGES")
	if path == "" {
		b.Skip("SYNCMEM_DEB_PACKAGES names no index")
	}
	units := 0
	b.ReportAllocs()
	for b.Loop() {
		s, err := source.Open(context.Background(), path, source.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for p, err := range deb.ReadPackages(path, s) {
			if err != nil {
				b.Fatal(err)
			}
			units++
			if err := p.WriteBody(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
		n, _ := s.Progress()
		b.SetBytes(n)
		_ = s.Close()
	}
	b.ReportMetric(float64(units)/b.Elapsed().Seconds(), "units/s")
}
