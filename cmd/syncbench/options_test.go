package main

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// parse reads a command line of run and checks it, without running anything.
func parse(t *testing.T, args []string) (*options, error) {
	t.Helper()
	o := new(options)
	c := &cobra.Command{Use: "run"}
	o.register(c)
	if err := c.ParseFlags(args); err != nil {
		return nil, err
	}
	return o, o.check(c.Flags().Changed("depth"))
}

// What a child behind the wall is told is what its parent was told; only the limit is spelled out.
func TestArgsRoundTrip(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--mode=none", "--quiet"},
		{"--mode=count", "--depth=7", "--batch=3", "--store=discard", "--json=-"},
		{"--overrun=1.5MiB", "--limit=32MiB", "--source=synth:rpm-evil,seed=3", "--store=sqlite:a b,c.sqlite"},
		{"--beside=deb:a,suite=b", "--beside=synth:rpm-evil", "--store=sqlite:c.sqlite", "--batch=7"},
		{"--source=deb:http://u:p@example.org/x y", "--stall-timeout=1m3s", "--live=localhost:0"},
	} {
		want, err := parse(t, args)
		require.NoError(t, err)
		have, err := parse(t, want.args())
		require.NoError(t, err)
		want.limit = have.limit
		require.Equal(t, want, have)
	}
}

func TestLimit(t *testing.T) {
	o, err := parse(t, []string{"--limit=0.5GiB"})
	require.NoError(t, err)
	require.NoError(t, o.findLimit())
	require.Equal(t, 512*bytesize.MiB, o.limitN)
	require.Equal(t, "--limit", o.limitFrom)
	for _, text := range []string{"auto", "25%"} {
		o, err := parse(t, []string{"--limit", text})
		require.NoError(t, err)
		require.Zero(t, o.limitN, "not known before the run")
		require.NoError(t, o.findLimit())
		require.Positive(t, o.limitN)
		require.Less(t, o.limitN, int64(math.MaxInt64))
		require.NotEqual(t, "--limit", o.limitFrom)
	}
}

func TestSourceNameHasNoPassword(t *testing.T) {
	for given, want := range map[string]string{
		"path": "path", "deb:path": "deb:path", "http://h/p": "http://h/p",
		"http://u:secret@h/p": "http://u:xxxxx@h/p", "deb:http://u:secret@h/p": "deb:http://u:xxxxx@h/p",
		"rpm:http://h/p?token=secret": "rpm:http://h/p?xxxxx", "http://u:sec%zzret@h/p": "http://xxxxx@h/p", "a?b=c": "a?b=c",
	} {
		o, err := parse(t, []string{"--source", given})
		require.NoError(t, err)
		require.Equal(t, want, o.sourceName())
	}
}

// Every example in the help is a command line that is right, and those that need neither a network, nor
// rights, nor a minute really run.
func TestHelpExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	index, err := compressed("xz", packages(50))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Packages.xz"), index, 0o644))
	for _, at := range []string{dir, filepath.Join(dir, "files")} {
		require.NoError(t, os.MkdirAll(at, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(at, "PULP_MANIFEST"), manifest(50), 0o644))
	}
	for name, text := range map[string]string{
		"repomd.xml":  `<repomd><data type="primary"><location href="repodata/primary.xml"/></data></repomd>`,
		"primary.xml": `<metadata packages="0"/>`,
	} {
		name = filepath.Join(dir, "repo", "repodata", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	ran := 0
	for line := range strings.Lines(runCommand().Example) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.Replace(line, "https://example.org", server.URL, 1)
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "sudo "))
		require.Equal(t, []string{"syncbench", "run"}, words[:2], line)
		o, err := parse(t, words[2:])
		require.NoError(t, err, line)
		if o.cgroup || o.source == "synth:rpm-mixed" {
			continue
		}
		cmd := exec.Command("syncbench", append(words[1:], "--limit=512MiB")...) // the race detector's own memory fits in
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, out)
		require.Contains(t, string(out), "HELD", line)
		ran++
	}
	require.GreaterOrEqual(t, ran, 4)
}
