package stages_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
	"github.com/syncmem/syncmem/sizer"
)

// emitting is a first stage that emits files by their numbers, and then ends with err.
func emitting(from, to int, err error) pipeline.FirstStage[contentmodel.Unit] {
	return func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		for i := from; i < to; i++ {
			if err := out.Put(ctx, &file.File{Path: fmt.Sprint(i), Size: int64(i)}); err != nil {
				return err
			}
		}
		return err
	}
}

// config is a pipeline whose account must be at zero when the test ends.
func config(t *testing.T) pipeline.Config[contentmodel.Unit] {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close(context.Background())) })
	return pipeline.Config[contentmodel.Unit]{Account: b.Account("files"), Size: sizer.Of[contentmodel.Unit], BatchSize: 10}
}

func TestSync(t *testing.T) {
	m := newMemory()
	run := func(from, to int) (*stages.Sync, store.Version) {
		s := &stages.Sync{Store: m, Repository: "files", Locate: func(a contentmodel.Artifact) string { return "https://example.org/" + a.Path }}
		v, rep, err := s.Run(t.Context(), config(t), emitting(from, to, nil))
		require.NoError(t, err)
		require.EqualValues(t, to-from, rep.Units)
		return s, v
	}
	s, v := run(0, 1000)
	require.Equal(t, store.Version{Repository: "files", Number: 1, Units: 1000, Added: 1000}, v)
	require.EqualValues(t, 1000, s.Saved.Units())
	require.Len(t, m.artifacts, 1000)

	s, v = run(100, 1050)
	require.Equal(t, store.Version{Repository: "files", Number: 2, Units: 950, Added: 50, Removed: 100}, v)
	require.EqualValues(t, 50, s.Saved.Units())
	require.EqualValues(t, 900, s.Known.Count())
	require.Zero(t, m.drafts)
	u := &file.File{Path: "7", Size: 7}
	require.Equal(t, "https://example.org/7", m.artifacts[u.Key()+" 7"].URL)
	require.False(t, m.artifacts[u.Key()+" 7"].Kept)
}

// TestSyncFails: nothing is published, what was saved stays, and the draft is given up.
func TestSyncFails(t *testing.T) {
	broken := errors.New("broken")
	m := newMemory()
	s := &stages.Sync{Store: m, Repository: "files"}
	v, rep, err := s.Run(t.Context(), config(t), emitting(0, 500, broken))
	require.ErrorIs(t, err, broken)
	require.Zero(t, v)
	require.NotZero(t, rep.Units)
	require.Empty(t, m.versions)
	require.Zero(t, m.drafts)

	m.refuse = broken
	s = &stages.Sync{Store: m, Repository: "files"}
	_, rep, err = s.Run(t.Context(), config(t), emitting(0, 500, nil))
	require.ErrorIs(t, err, broken)
	require.EqualValues(t, 500, rep.Units)
	require.Len(t, m.units, 500)
	require.Zero(t, m.drafts)
}

// TestSyncDownloads: what the folder has is not downloaded again, what it lacks is, also of units that are known.
func TestSyncDownloads(t *testing.T) {
	dir, m := t.TempDir(), newMemory()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("aa"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b"), []byte("b"), 0o600))
	folder, err := artifact.Open(t.TempDir(), artifact.FolderOptions{})
	require.NoError(t, err)
	defer folder.Close()
	d, err := artifact.New(artifact.Options{Folder: folder, Mirrors: []artifact.Mirror{{Location: dir}}})
	require.NoError(t, err)
	defer d.Close()
	first := func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		if err := out.Put(ctx, &file.File{Path: "a", Size: 2, SHA256: sha256.Sum256([]byte("aa"))}); err != nil {
			return err
		}
		return out.Put(ctx, undeclared("b"))
	}
	run := func(s *stages.Sync) *stages.Sync {
		s.Store, s.Repository = m, "files"
		_, _, err := s.Run(t.Context(), config(t), first)
		require.NoError(t, err)
		return s
	}
	kept := func() (all []bool) {
		for _, path := range []string{"a", "b"} {
			for _, a := range m.artifacts {
				if a.Path == path {
					all = append(all, a.Kept)
				}
			}
		}
		return all
	}
	s := run(&stages.Sync{})
	require.Zero(t, s.Downloaded.Artifacts())
	require.Equal(t, []bool{false, false}, kept())

	s = run(&stages.Sync{Fetcher: d, Folder: folder, Downloads: 2})
	require.EqualValues(t, 2, s.Downloaded.Artifacts())
	require.Equal(t, []bool{true, true}, kept())
	sum := sha256.Sum256([]byte("b"))
	require.Equal(t, contentmodel.Checksum(sum[:]), m.artifacts["b b"].Sum, "what has no checksum is recorded with the one that it has")

	s = run(&stages.Sync{Fetcher: d, Folder: folder, Downloads: 2})
	require.EqualValues(t, 1, s.Downloaded.Artifacts(), "of what has no checksum nobody knows whether it is there")
	require.EqualValues(t, 2, s.Known.Count())
}

// undeclared is a unit whose artifact has neither size nor checksum.
type undeclared string

func (u undeclared) Kind() string              { return "undeclared" }
func (u undeclared) Key() string               { return string(u) }
func (u undeclared) WriteBody(io.Writer) error { return nil }
func (u undeclared) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		yield(contentmodel.Artifact{Path: string(u), Size: -1})
	}
}
