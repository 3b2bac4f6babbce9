package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

// batches gives what a sync would save: the Debian index that
// SYNCMEM_DEB_PACKAGES names, else 20,000 made-up units, 500 at a time.
func batches(b *testing.B) [][]contentmodel.Unit {
	units := storetest.Many(0, 20000)
	if path := os.Getenv("SYNCMEM_DEB_PACKAGES"); path != "" {
		units = nil
		s, err := source.Open(b.Context(), path, source.Options{})
		require.NoError(b, err)
		defer s.Close()
		for p, err := range deb.ReadPackages(path, s) {
			require.NoError(b, err)
			units = append(units, p)
		}
	}
	var all [][]contentmodel.Unit
	for len(units) > 0 {
		n := min(500, len(units))
		all, units = append(all, units[:n]), units[n:]
	}
	return all
}

// BenchmarkSave saves into a new store, then again into the same, then asks.
func BenchmarkSave(b *testing.B) {
	all := batches(b)
	dir, i := b.TempDir(), 0
	fresh := func() store.Store {
		i++
		s, err := sqlite.Open(context.Background(), filepath.Join(dir, strconv.Itoa(i)))
		require.NoError(b, err)
		return s
	}
	full := fresh()
	defer full.Close()
	save := func(s store.Store) (n int) {
		for _, batch := range all {
			_, err := s.Save(context.Background(), batch)
			require.NoError(b, err)
			n += len(batch)
		}
		return n
	}
	run := func(name string, fn func() int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n += fn()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "units/s")
		})
	}
	save(full)
	run("new", func() int { s := fresh(); defer s.Close(); return save(s) })
	run("again", func() int { return save(full) })
	run("existing", func() (n int) {
		found := make([]bool, 500)
		for _, batch := range all {
			require.NoError(b, full.Existing(context.Background(), batch, found[:len(batch)]))
			n += len(batch)
		}
		return n
	})
}

// BenchmarkHuge saves one body of 64 MiB.
func BenchmarkHuge(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "x.db"))
	defer s.Close()
	const size = 64 << 20
	b.SetBytes(size)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		_, err := s.Save(context.Background(), []contentmodel.Unit{&storetest.Unit{Name: strconv.Itoa(i), Len: size}})
		require.NoError(b, err)
	}
}
