package deb_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// python is the distribution's, which its packages belong to.
const python = "/usr/bin/python3"

// readers are programs that read every paragraph of an index, and keep nothing.
var readers = []struct{ name, needs, program string }{
	{"apt TagFile, all fields", "apt_pkg", `
import sys, apt_pkg
with apt_pkg.TagFile(sys.argv[1]) as f:
    for s in f:
        {k: s[k] for k in s.keys()}
`},
	{"python-debian", "debian", `
import sys, gzip
from debian import deb822
with gzip.open(sys.argv[1]) as f:
    for s in deb822.Packages.iter_paragraphs(f, use_apt_pkg=False):
        pass
`},
}

// BenchmarkReadPackages parses the index that SYNCMEM_DEB_PACKAGES names, a .gz for the others: B/s of stored bytes.
func BenchmarkReadPackages(b *testing.B) {
	path := os.Getenv("SYNCMEM_DEB_PACKAGES")
	if path == "" {
		b.Skip("SYNCMEM_DEB_PACKAGES names no index")
	}
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(info.Size())
		b.ReportAllocs()
		units := 0
		for b.Loop() {
			units += readIndex(b, path)
		}
		b.ReportMetric(float64(units)/b.Elapsed().Seconds(), "units/s")
	})
	for _, r := range readers {
		b.Run(r.name, func(b *testing.B) {
			if exec.Command(python, "-c", "import "+r.needs).Run() != nil {
				b.Skip("NOT COMPARED: needs python's " + r.needs)
			}
			b.SetBytes(info.Size())
			for b.Loop() {
				out, err := exec.Command(python, "-c", r.program, path).CombinedOutput()
				require.NoError(b, err, string(out))
			}
		})
	}
}

func readIndex(b *testing.B, path string) (units int) {
	s, err := source.Open(context.Background(), path, source.Options{})
	require.NoError(b, err)
	defer s.Close()
	for p, err := range deb.ReadPackages(path, s) {
		require.NoError(b, err)
		units++
		require.NoError(b, p.WriteBody(io.Discard))
	}
	return units
}
