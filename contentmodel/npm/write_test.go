package npm_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/npm"
)

func version(name, v string) *npm.Version {
	m := `{"name":"` + name + `","version":"` + v + `","dependencies":{"a":"^1"},"dist":{"tarball":"https://example.org/x.tgz","integrity":"sha512-eA==","shasum":"0a"}}`
	return &npm.Version{Name: name, Version: v, Tarball: "https://example.org/x.tgz", Integrity: "sha512-eA==", Shasum: "0a", Manifest: []byte(m)}
}

// written writes three packuments, one of them in a scope.
func written(t testing.TB) (dir string, all []*npm.Version) {
	dir = t.TempDir()
	w, err := npm.NewWriter(dir)
	require.NoError(t, err)
	for _, name := range []string{"hello", "@scope/hello", "other"} {
		for _, v := range []string{"1.0.0", "1.1.0-rc.1", "1.1.0"} {
			all = append(all, version(name, v))
			require.NoError(t, w.Write(all[len(all)-1]))
		}
	}
	require.NoError(t, w.Close())
	require.ErrorContains(t, w.Close(), "the writer is closed")
	require.ErrorContains(t, w.Write(all[0]), "the writer is closed")
	return dir, all
}

func TestWrite(t *testing.T) {
	dir, want := written(t)
	var got []*npm.Version
	for _, name := range []string{"hello", "@scope/hello", "other"} {
		f, err := os.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		all, err := read(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		got = append(got, all...)
	}
	require.Equal(t, want, got)
}

func TestWriteRefuses(t *testing.T) {
	for _, name := range []string{"", "..", "../x", "a/b", "@a/../b", "@/b", "@a/", "/a", `a\b`, "@a/.b", `@a\b/c`} {
		w, err := npm.NewWriter(t.TempDir())
		require.NoError(t, err)
		require.ErrorContains(t, w.Write(version(name, "1")), "can't be the name", name)
		require.Error(t, w.Close())
	}
	w, err := npm.NewWriter(t.TempDir())
	require.NoError(t, err)
	require.ErrorContains(t, w.Write(&npm.Version{Name: "a", Version: "1", Manifest: []byte("{")}), "no manifest that is JSON")
	require.NoError(t, w.Write(version("a", "1")))
	require.NoError(t, w.Write(version("b", "1")))
	require.ErrorIs(t, w.Write(version("a", "2")), os.ErrExist)
	require.ErrorIs(t, w.Close(), os.ErrExist)
	w, err = npm.NewWriter(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, w.Write(version("a", "1")))
	require.ErrorContains(t, w.Write(version("a", "1")), "a@1 is there twice")
	require.Error(t, w.Close())
}

// TestNpm: npm's own client finds in them what was written.
func TestNpm(t *testing.T) {
	client, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("NOT COMPARED: needs npm")
	}
	dir, _ := written(t)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	view := func(of string) (v struct {
		Version, DistTags any
		Versions          []string
		Dependencies      map[string]string
		Dist              struct{ Integrity string }
	},
	) {
		cmd := exec.Command(client, "view", of, "--json", "--registry", server.URL, "--cache", t.TempDir(), "--update-notifier=false")
		cmd.Dir = t.TempDir()
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		require.NoError(t, err, said.String())
		require.NoError(t, json.Unmarshal(out, &v))
		return v
	}
	for _, of := range []string{"hello", "@scope/hello"} {
		v := view(of)
		require.Equal(t, "1.1.0", v.Version)
		require.Equal(t, []string{"1.0.0", "1.1.0-rc.1", "1.1.0"}, v.Versions)
		require.Equal(t, map[string]string{"a": "^1"}, v.Dependencies)
		require.Equal(t, "sha512-eA==", v.Dist.Integrity)
	}
	require.Equal(t, "1.0.0", view("other@~1.0").Version)
}
