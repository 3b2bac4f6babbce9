package pagetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The report of syncbench is one file that asks for nothing, in light and dark, on a desk and a phone.
func TestReportInABrowser(t *testing.T) {
	b := openBrowser(t)
	dir := t.TempDir()
	bench := filepath.Join(dir, "syncbench")
	if runtime.GOOS == "windows" {
		bench += ".exe"
	}
	text, err := exec.Command("go", "build", "-o", bench, "github.com/syncmem/syncmem/cmd/syncbench").CombinedOutput()
	require.NoError(t, err, "%s", text)
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(bench, args...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 5 {
			return // so little work proves nothing, which is no matter here
		}
		require.NoError(t, err, "%v: %s", args, text)
	}
	work := "--source=synth:rpm-mixed,units=3000"
	run("run", "-q", work, "--limit=64MiB", "--out=one")
	run("compare", "-q", work, "--store=discard", "--runs=2", "--out=modes")
	run("sweep", "-q", work, "--store=discard", "--limits=96MiB,64MiB", "--out=ladder")
	for _, name := range []string{"one", "modes", "ladder"} {
		run("report", name)
		b.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+filepath.ToSlash(filepath.Join(dir, name, "report.html"))))
		require.GreaterOrEqual(t, eval[int](t, b, `document.querySelectorAll("svg").length`), 4, name)
		require.Equal(t, 0, eval[int](t, b, `document.querySelectorAll("script, link[rel=stylesheet], img").length`), name)
		for _, width := range []int64{1280, 390} {
			light := brightness(b.look(t, fmt.Sprint(name, "-light-", width), width, "light"))
			require.LessOrEqual(t, eval[int](t, b, `document.documentElement.scrollWidth`), int(width), "nothing is wider than the screen")
			require.GreaterOrEqual(t, eval[float64](t, b, smallestText), 10.0, "pixels of the smallest text in a chart")
			dark := brightness(b.look(t, fmt.Sprint(name, "-dark-", width), width, "dark"))
			require.Greater(t, light, 0.75)
			require.Less(t, dark, 0.3)
		}
	}
	complaints, requests := b.noted()
	require.Empty(t, complaints)
	for _, r := range requests {
		require.Regexp(t, `^(file://.*/report\.html|data:.*)$`, r, "the page asks for nothing")
	}
	if to := os.Getenv("SYNCMEM_REPORT_PAGES"); to != "" {
		for _, name := range []string{"one", "modes", "ladder"} {
			require.NoError(t, os.Rename(filepath.Join(dir, name, "report.html"), filepath.Join(to, name+".html")))
		}
	}
}

// smallestText is how large the figures of charts are shown, which are drawn for one width and scaled to another.
const smallestText = `Math.min(...[...document.querySelectorAll("svg")].filter((s) => s.clientWidth > 0).map((s) => 12 * s.clientWidth / s.viewBox.baseVal.width))`
