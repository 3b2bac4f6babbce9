package rpm_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

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

// BenchmarkRepository reads a repository of the shape of Debian's from .gz, in turns with createrepo_c's parser if that is
// there, which compares no checksums. MB are of XML, and "times" is how many times as fast ours is. Ours uses two processors
// where they are free; per processor-s is what is left to compare on a machine with much to do. SYNCMEM_RPM_PACKAGES=63440
// makes it as large as Debian's, and -benchtime=3x is enough then.
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
	var open float64 // MB
	for _, rec := range r.Records() {
		open += float64(rec.OpenSize) / 1e6
	}
	compare := exec.Command(python, "-c", "import createrepo_c").Run() == nil
	var ours, theirs passes
	for b.Loop() {
		begin, used := time.Now(), processorTime(b)
		for _, err := range r.Packages(b.Context()) {
			require.NoError(b, err)
		}
		ours.add(time.Since(begin), processorTime(b)-used, 0)
		if !compare {
			continue
		}
		begin = time.Now()
		c := exec.Command(python, "-c", theirParser, dir)
		out, err := c.CombinedOutput()
		require.NoError(b, err, string(out))
		use := c.ProcessState.SysUsage().(*syscall.Rusage)
		theirs.add(time.Since(begin), c.ProcessState.UserTime()+c.ProcessState.SystemTime(), int64(use.Maxrss))
	}
	if rss, err := procmem.RSSAnon(); err == nil {
		ours.rss = rss >> 10
	}
	ours.report(b, "ours", open)
	if compare {
		theirs.report(b, "theirs", open)
		b.ReportMetric(theirs.wall.Seconds()/ours.wall.Seconds(), "times")
	}
}

// passes is what so many readings of all files came to.
type passes struct {
	n         float64
	wall, cpu time.Duration
	rss       int64 // KiB
}

func (p *passes) add(wall, cpu time.Duration, rss int64) {
	p.n++
	p.wall += wall
	p.cpu += cpu
	p.rss = max(p.rss, rss)
}

func (p *passes) report(b *testing.B, whose string, mb float64) {
	b.ReportMetric(mb*p.n/p.wall.Seconds(), whose+"-MB/s")
	b.ReportMetric(mb*p.n/p.cpu.Seconds(), whose+"-MB/processor-s")
	b.ReportMetric(float64(p.rss)/(1<<10), whose+"-MiB")
}

// processorTime is what this process has used of processors.
func processorTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
