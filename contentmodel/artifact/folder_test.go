package artifact_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sumOf(b []byte) contentmodel.Checksum {
	sum := sha256.Sum256(b)
	return contentmodel.Checksum(sum[:])
}

func open(t testing.TB, dir string) *artifact.Folder {
	f, err := artifact.Open(dir, artifact.FolderOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// files are the regular files below a folder, without locks.
func files(t testing.TB, dir string) (all []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, ".lock") {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	}))
	return all
}

func write(t testing.TB, f *artifact.Folder, b []byte, sum contentmodel.Checksum, size int64) (contentmodel.Checksum, error) {
	w, err := f.Create(t.Context(), sum, size)
	require.NoError(t, err)
	defer w.Close()
	if _, err := io.Copy(w, bytes.NewReader(b)); err != nil {
		return "", err
	}
	return w.Commit()
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	b := []byte("hello")
	sum := sumOf(b)
	has, err := f.Has(sum, 5)
	require.NoError(t, err)
	require.False(t, has)
	_, err = f.Open(sum)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, dir+": has no artifact with the sha256 2cf24d")

	got, err := write(t, f, b, sum, 5)
	require.NoError(t, err)
	require.Equal(t, sum, got)
	require.Equal(t, []string{"sha256/2c/" + sum.String()[2:]}, files(t, dir))
	for size, want := range map[int64]bool{5: true, -1: true, 4: false} {
		has, err := f.Has(sum, size)
		require.NoError(t, err)
		require.Equal(t, want, has, size)
	}
	r, err := f.Open(sum)
	require.NoError(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, b, text)
}

// TestFolderKeys: a checksum of another type is another name, and without any it is SHA-256.
func TestFolderKeys(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	weak := md5.Sum([]byte("hello"))
	_, err := write(t, f, []byte("hello"), contentmodel.Checksum(weak[:]), -1)
	require.NoError(t, err)
	sum, err := write(t, f, []byte("hello"), "", -1)
	require.NoError(t, err)
	require.Equal(t, sumOf([]byte("hello")), sum)
	require.Equal(t, []string{"md5/5d/41402abc4b2a76b9719d911017c592", "sha256/2c/" + sum.String()[2:]}, files(t, dir))
	_, err = f.Create(t.Context(), "odd", 1)
	require.ErrorContains(t, err, "3 bytes are no checksum of a known type")
	require.Empty(t, f.Path("odd"))
	_, err = f.Open("odd")
	require.ErrorIs(t, err, fs.ErrNotExist)
	has, err := f.Has("", 1)
	require.NoError(t, err)
	require.False(t, has)
}

// TestFolderRefuses: what is not as declared leaves nothing behind.
func TestFolderRefuses(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	for text, want := range map[string]error{"hell": artifact.ErrSize, "hello!": artifact.ErrSize, "hullo": artifact.ErrDigest} {
		_, err := write(t, f, []byte(text), sumOf([]byte("hello")), 5)
		require.ErrorIs(t, err, want)
		require.Empty(t, files(t, dir))
	}
}

// TestFolderReset: a second try has nothing of the first.
func TestFolderReset(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	w, err := f.Create(t.Context(), sumOf([]byte("hello")), -1)
	require.NoError(t, err)
	defer w.Close()
	_, err = w.Write([]byte("something else"))
	require.NoError(t, err)
	_, err = w.Commit()
	require.ErrorIs(t, err, artifact.ErrDigest)
	require.NoError(t, w.Reset())
	require.Zero(t, w.Len())
	_, err = w.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = w.Commit()
	require.NoError(t, err)
	w.Close()
	require.Len(t, files(t, dir), 1)
}

// TestSameAtOnce: many writers of one artifact, of two folders on one directory, all succeed.
func TestSameAtOnce(t *testing.T) {
	dir, b := t.TempDir(), bytes.Repeat([]byte("x"), 100_000)
	both := []*artifact.Folder{open(t, dir), open(t, dir)}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			w, err := both[i%2].Create(t.Context(), sumOf(b), int64(len(b)))
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			if _, err = w.Write(b); err == nil {
				_, err = w.Commit()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Len(t, files(t, dir), 1)
	got, err := os.ReadFile(both[0].Path(sumOf(b)))
	require.NoError(t, err)
	require.Equal(t, b, got)
}

// TestOpenLeavesTheLiving: temporary files of another Folder that is open stay when a third one opens.
func TestOpenLeavesTheLiving(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	w, err := f.Create(t.Context(), sumOf([]byte("hello")), 5)
	require.NoError(t, err)
	defer w.Close()
	left := filepath.Join(dir, "tmp", "DEAD-1.part")
	require.NoError(t, os.WriteFile(left, []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tmp", "DEAD.lock"), nil, 0o600))
	open(t, dir)
	require.NoFileExists(t, left)
	require.NoFileExists(t, filepath.Join(dir, "tmp", "DEAD.lock"))
	_, err = w.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = w.Commit()
	require.NoError(t, err)
}

func TestInFlight(t *testing.T) {
	_, err := artifact.Open(t.TempDir(), artifact.FolderOptions{InFlight: -1})
	require.ErrorContains(t, err, "InFlight is -1 bytes; give a positive number")
	f, err := artifact.Open(t.TempDir(), artifact.FolderOptions{InFlight: 10})
	require.NoError(t, err)
	defer f.Close()
	w, err := f.Create(t.Context(), "", 10)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Create(ctx, "", 1)
	require.ErrorIs(t, err, context.Canceled)
	w.Close()
	w.Close()
	w, err = f.Create(t.Context(), "", 10)
	require.NoError(t, err)
	w.Close()
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := artifact.Open(path, artifact.FolderOptions{})
	require.ErrorContains(t, err, path+": not a directory; check the folder")
}
