package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/internal/synth"
)

// repeatedly is a whole sync that is killed again and again, and then goes on.
type repeatedly struct {
	units, kills int
	mean         int64 // bytes of an artifact
	faults       string
	run          []string // the command and its first arguments
}

// TestKilledWhole: a sync that is killed while it downloads goes on where it was, and has every artifact once and whole.
func TestKilledWhole(t *testing.T) {
	t.Parallel()
	repeatedly{units: 120, kills: 5, mean: 4 << 10, run: []string{"syncbench", "run", "--limit=512MiB"}}.test(t)
}

// TestCgroupKilledWhole is the same behind a wall, with more of everything, and a server that fails in all its ways.
func TestCgroupKilledWhole(t *testing.T) {
	needsWall(t)
	repeatedly{
		units: 2000, kills: 50, mean: 128 << 10, faults: "reset=0.02,503=0.02,429=0.01,corrupt=0.01",
		run: []string{plainBinary(t), "run", "--limit=64MiB", "--cgroup"},
	}.test(t)
}

func (r repeatedly) test(t *testing.T) {
	dir, artifacts := t.TempDir(), t.TempDir()
	spec, err := synth.Parse(fmt.Sprint("rpm-mixed,units=", r.units))
	require.NoError(t, err)
	require.NoError(t, generate(t.Context(), &spec, dir, "gz", r.mean))
	s := &server{quiet: true, delay: 20 * time.Millisecond, faultText: r.faults, seed: 1}
	require.NoError(t, s.check())
	h := httptest.NewServer(s.handler(os.DirFS(dir)))
	defer h.Close()
	args := append(r.run[1:], "-q", "--json=-", "--source=rpm:"+h.URL, "--policy=immediate", "--repository=r",
		"--artifacts="+artifacts, "--store=sqlite:"+filepath.Join(t.TempDir(), "s.sqlite"))
	for killed := 0; killed < r.kills; {
		if r.killed(t, args, artifacts) {
			killed++
		}
	}
	had := len(filesIn(t, artifacts))
	require.Positive(t, had, "it was killed before it had anything")
	t.Logf("%d kills, after which there are %d of %d artifacts", r.kills, had, r.units)
	r.ends(t, args, artifacts, had)
}

// killed reports whether a run was killed, when it had downloaded some more: it may fail before that, or end well.
func (r repeatedly) killed(t *testing.T, args []string, artifacts string) bool {
	more := len(filesIn(t, artifacts)) + rand.IntN(r.units/r.kills)
	cmd := exec.Command(r.run[0], args...)
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	late := time.After(time.Minute)
	for {
		select {
		case <-ended:
			return false
		case <-late:
			require.NoError(t, cmd.Process.Kill())
			t.Fatal("it got no further")
		case <-time.After(2 * time.Millisecond):
		}
		if n := len(filesIn(t, artifacts)); n > more || n == r.units {
			require.NoError(t, cmd.Process.Kill())
			return (<-ended).Error() == "signal: killed"
		}
	}
}

// ends runs it to its end, and looks at what is there.
func (r repeatedly) ends(t *testing.T, args []string, artifacts string, had int) {
	var out, stderr bytes.Buffer
	cmd := exec.Command(r.run[0], args...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	var res result
	require.NoError(t, json.Unmarshal(out.Bytes(), &res), out.String())
	t.Logf("peak RssAnon %d, cgroup %v, %.1f s, %+v", *res.PeakRSSAnon, amountOr(res.PeakCgroup, "none"), res.Seconds, *res.Whole)
	require.EqualValues(t, r.units, res.Whole.Units)
	require.EqualValues(t, 1, res.Whole.Version)
	require.EqualValues(t, r.units-had, res.Whole.Artifacts, "what was there is not downloaded again")
	all := filesIn(t, artifacts)
	require.Len(t, all, r.units)
	for _, path := range all {
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		sum, err := contentmodel.ParseChecksum("sha256", strings.ReplaceAll(strings.TrimPrefix(path, filepath.Join(artifacts, "sha256")), "/", ""))
		require.NoError(t, err)
		h := sum.New()
		_, _ = h.Write(body)
		require.Equal(t, sum, contentmodel.Checksum(h.Sum(nil)), path)
	}
	f, err := artifact.Open(artifacts, artifact.FolderOptions{})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, filepath.WalkDir(filepath.Join(artifacts, "tmp"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".lock") {
			t.Errorf("%s is left", path)
		}
		return err
	}))
}

// filesIn are the artifacts in a folder.
func filesIn(t *testing.T, dir string) []string {
	all, err := filepath.Glob(filepath.Join(dir, "sha256", "*", "*"))
	require.NoError(t, err)
	return all
}
