package rpm_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/internal/synth"
)

// theirParser reads the three files with createrepo_c's parser, and keeps nothing.
const theirParser = `
import sys, glob, createrepo_c as cr
new = lambda *a: cr.Package()
done = lambda p: None
at = lambda kind: glob.glob(sys.argv[1] + "/repodata/" + kind + ".xml*")[0]
cr.xml_parse_primary(at("primary"), new, done, None, 1)
cr.xml_parse_filelists(at("filelists"), new, done, None)
cr.xml_parse_other(at("other"), new, done, None)
`

// BenchmarkRepository reads a repository of the shape of Debian's, from .gz, with ours and with createrepo_c's parser, in
// turn. MB/s are of XML. SYNCMEM_RPM_PACKAGES=63440 makes it as large as Debian's, and -benchtime=3x is enough then.
func BenchmarkRepository(b *testing.B) {
	n := 6000
	if s := os.Getenv("SYNCMEM_RPM_PACKAGES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	spec, err := synth.Parse(fmt.Sprintf("rpm-mixed,versions=1,units=%d", n))
	require.NoError(b, err)
	dir := b.TempDir()
	w, err := rpm.NewWriter(dir, rpm.WriteOptions{Packages: n})
	require.NoError(b, err)
	for u, err := range spec.Units(b.Context()) {
		require.NoError(b, err)
		require.NoError(b, w.Write(u.(*rpm.Package)))
	}
	require.NoError(b, w.Close())
	r, err := rpm.Open(b.Context(), dir, rpm.Options{})
	require.NoError(b, err)
	var open int64
	for _, rec := range r.Records() {
		open += rec.OpenSize
	}
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(open)
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range r.Packages(b.Context()) {
				require.NoError(b, err)
			}
		}
		if rss, err := procmem.RSSAnon(); err == nil {
			b.ReportMetric(float64(rss)/(1<<20), "MiB-now")
		}
	})
	b.Run("createrepo_c", func(b *testing.B) {
		if exec.Command(python, "-c", "import createrepo_c").Run() != nil {
			b.Skip("needs python3-createrepo-c")
		}
		b.SetBytes(open)
		var rss int64
		for b.Loop() {
			c := exec.Command(python, "-c", theirParser, dir)
			out, err := c.CombinedOutput()
			require.NoError(b, err, string(out))
			if use, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
				rss = max(rss, int64(use.Maxrss))
			}
		}
		b.ReportMetric(float64(rss)/(1<<10), "MiB-peak")
	})
}
