package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// pageOf is the page of a run folder.
func pageOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "page.html")
	err := writeReport(to, []string{dir})
	require.NoError(t, err)
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	return string(text)
}

// A comparison or sweep that is killed leaves what was done by then, and the page shows it.
func TestFolderAsFarAsItGot(t *testing.T) {
	modes, err := parseModes("none,bytes")
	require.NoError(t, err)
	b, _ := benchOf(t, `case $mode in none) result broken 100 1000; exit 3;; *) result held 50 950;; esac`)
	b.runs, b.out = 3, filepath.Join(t.TempDir(), "out")
	require.NoError(t, makeFolder(b.out, "compare", b.line("compare")))
	b.program = killAfter(t, b.program, 2)
	require.Error(t, b.compare(t.Context(), modes, "table"))
	page := pageOf(t, b.out)
	require.Contains(t, page, "2 of 6 runs are done.")
	require.Contains(t, page, "HELD: all 1 runs bounded by bytes kept to 64.0 MiB")
}

// killAfter is a program that does the work of another so many times, and then fails without a result.
func killAfter(t *testing.T, program string, times int) string {
	path := filepath.Join(t.TempDir(), "bench")
	script := "#!/bin/sh\necho >>$0.n\n[ $(wc -l <$0.n) -gt " + string(rune('0'+times)) + " ] && exit 2\nexec " + program + " \"$@\"\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	return path
}

func TestSweepFolder(t *testing.T) {
	b, _ := benchOf(t, climbs)
	b.out = filepath.Join(t.TempDir(), "out")
	require.NoError(t, makeFolder(b.out, "sweep", b.line("sweep", "--limits=")))
	require.NoError(t, b.sweep(t.Context(), nil, 1))
	page := pageOf(t, b.out)
	require.Contains(t, page, "HELD and proved down to 100.0 MiB")
	require.Contains(t, page, "no: the run failed: too small")
	require.Contains(t, page, "syncbench sweep --source=synth:rpm-mixed,")
}

// Names are from repositories: whatever is in one, it is text.
func TestReportIsText(t *testing.T) {
	const evil = `</style><script>alert(1)</script>`
	r := &result{
		Schema: schema, Verdict: verdictFailed, Error: evil, Source: evil, Mode: modeBytes, Units: 1, Limit: bytesize.MiB,
		Kinds: map[string]*kindSizes{evil: {1, 2, 2}}, Sizes: []sizeStep{{2, 1}}, Heaviest: []heavy{{evil, evil, 2}},
		Env: map[string]string{evil: evil}, Stages: map[string]batches{"save": {Size: 1}},
	}
	var page bytes.Buffer
	require.NoError(t, renderPage(&page, []*evidence{{name: evil, finding: r, folder: &folder{Line: evil}}}, os.ErrInvalid))
	require.Zero(t, strings.Count(page.String(), "<script"))
	require.Equal(t, 1, strings.Count(page.String(), "</style>"))
}

func TestCommandLineIsWhatAShellReads(t *testing.T) {
	require.Equal(t, `a --b=c 'd e' 'it'\''s' '' 'x?y'`, commandLine("a", "--b=c", "d e", "it's", "", "x?y"))
}

// A page is made of whatever makes sense in JSON, and refuses the rest.
func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"schema":"syncbench/v1","verdict":"held","units":5,"unit_sizes":[{"from_bytes":-3,"units":-4}],"stage_batches":{"save":{"size":-1}}}`))
	f.Add([]byte(`{"schema":"syncbench-compare/v1","modes":[{"mode":"bytes"}],"runs":[{"mode":"bytes","units_per_second":-1}]}`))
	f.Add([]byte(`{"schema":"syncbench-sweep/v1","unlimited":{},"rungs":[{"limit_bytes":-1,"peak_rss_anon_bytes":0}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "r.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		e, err := readEvidence(path)
		if err != nil {
			require.Nil(t, e)
			return
		}
		require.NoError(t, renderPage(new(bytes.Buffer), []*evidence{e}, nil))
	})
}

// A comparison of nothing is told as a fault, beside the record of the same folder.
func TestReportOfAComparisonWithoutModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	require.NoError(t, makeFolder(dir, "compare", "syncbench compare"))
	require.NoError(t, keepResult(dir, &comparison{Schema: schemaCompare}))
	e, err := readEvidence(dir)
	require.ErrorContains(t, err, "a comparison without modes")
	var page bytes.Buffer
	require.NoError(t, renderPage(&page, []*evidence{e}, err))
	require.Contains(t, page.String(), "KILLED")
}
