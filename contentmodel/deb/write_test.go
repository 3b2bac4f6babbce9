package deb_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/filelist"
	"github.com/syncmem/syncmem/internal/synth"
)

// written are packages of Debian's shape, with files, and one that has all that is odd.
func written(t testing.TB, n int) (all []*deb.Package) {
	spec, err := synth.Parse(fmt.Sprintf("deb-index,units=%d", n))
	require.NoError(t, err)
	for u, err := range spec.Units(t.Context()) {
		require.NoError(t, err)
		p := u.(*deb.Package)
		i := len(all)
		p.Files = filelist.New(
			filelist.File{Dir: "/usr/bin/", Name: p.Package},
			filelist.File{Dir: "/usr/share/a b/", Name: fmt.Sprintf("shared %d", i/2)},
			filelist.File{Dir: "/usr/share/doc/" + p.Package + "/", Name: "copyright"},
		)
		all = append(all, p)
	}
	d := all[0].SHA256
	return append(all, &deb.Package{
		Package: "odd", Version: "1:2~3-4", Architecture: "all", Filename: "pool/o/odd.deb", SHA256: d, Size: 7, InstalledSize: 1,
		Description: "short\n long\n .\n\tof tabs", Fields: []deb.Field{{Name: "X-Empty"}, {Name: "SHA512", Value: strings.Repeat("0a", 64)}},
	})
}

func bodies[U contentmodel.Unit](t testing.TB, all []U) (bodies []string) {
	for _, u := range all {
		var b bytes.Buffer
		require.NoError(t, u.WriteBody(&b))
		bodies = append(bodies, b.String())
	}
	return bodies
}

func write(t testing.TB, dir string, o deb.WriteOptions, all []*deb.Package) {
	w, err := deb.NewWriter(dir, o)
	require.NoError(t, err)
	for _, p := range all {
		require.NoError(t, w.Write(p))
	}
	sources, err := readSources(sources("x", "1:2-3")+sources("y", "1"), deb.Options{})
	require.NoError(t, err)
	for _, s := range sources {
		require.NoError(t, w.WriteSource(s))
	}
	require.NoError(t, w.Close())
	require.ErrorContains(t, w.Write(all[0]), "the writer is closed")
	require.ErrorContains(t, w.Close(), "the writer is closed")
}

// TestWrite: what was written is read again, and is the same.
func TestWrite(t *testing.T) {
	all := written(t, 300)
	for _, o := range []deb.WriteOptions{
		{Contents: true},
		{Contents: true, Suffix: ".zst", Suite: "a/updates", Component: "contrib", Architectures: []string{"arm64", "amd64"}},
		{Contents: true, Suffix: ".none"},
	} {
		dir := t.TempDir()
		write(t, dir, o, all)
		r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{
			Suite: map[string]string{"": "stable"}[o.Suite] + o.Suite, Contents: true, Architectures: []string{"amd64"},
			Options: deb.Options{Note: func(s string) { t.Error(s) }},
		})
		require.NoError(t, err)
		var got []*deb.Package
		for p, err := range r.Packages(t.Context()) {
			require.NoError(t, err)
			got = append(got, p)
		}
		require.ElementsMatch(t, bodies(t, all), bodies(t, got))
		var src []*deb.Source
		for s, err := range r.Sources(t.Context()) {
			require.NoError(t, err)
			src = append(src, s)
		}
		want, err := readSources(sources("x", "1:2-3")+sources("y", "1"), deb.Options{})
		require.NoError(t, err)
		require.Equal(t, bodies(t, want), bodies(t, src))
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := deb.NewWriter(dir, deb.WriteOptions{Suffix: ".rar"})
	require.ErrorContains(t, err, `no way to write ".rar"`)
	w, err := deb.NewWriter(dir, deb.WriteOptions{Contents: true})
	require.NoError(t, err)
	for want, change := range map[string]func(p *deb.Package){
		`is for "arm64", of which there is no index`:                       func(p *deb.Package) { p.Architecture = "arm64" },
		`Version: want one word`:                                           func(p *deb.Package) { p.Version = "1 2" },
		`Description: a line after the first must begin with a space: "b"`: func(p *deb.Package) { p.Description = "a\nb" },
		`"a:b" can't be the name of a field`:                               func(p *deb.Package) { p.Fields = []deb.Field{{Name: "a:b"}} },
		`there is no way to list "/a\nb" in Contents`:                      func(p *deb.Package) { p.Files = filelist.New(filelist.File{Dir: "/", Name: "a\nb"}) },
	} {
		p := *written(t, 1)[1]
		change(&p)
		require.ErrorContains(t, w.Write(&p), want)
	}
	require.NoError(t, w.Close())
	index, err := os.ReadFile(filepath.Join(dir, "dists/stable/main/Contents-amd64.gz"))
	require.NoError(t, err)
	require.Less(t, len(index), 30, "nothing of what was refused is written")
}

// apt runs one of its programs with everything that is its own below a directory.
func apt(t testing.TB, dir, repo, program string, args ...string) string {
	for _, d := range []string{"lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	list := "deb [trusted=yes] file:" + repo + " stable main\ndeb-src [trusted=yes] file:" + repo + " stable main\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sources.list"), []byte(list), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "status"), nil, 0o600))
	config := fmt.Sprintf(`Dir::State "%[1]s"; Dir::State::lists "%[1]s/lists"; Dir::State::status "%[1]s/status"; Dir::Cache "%[1]s/cache";
Dir::Etc::sourcelist "%[1]s/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferencesparts "/dev/null"; APT::Architecture "amd64"; APT::Architectures { "amd64"; };
APT::Sandbox::User "root"; Acquire::Languages "none"; APT::Update::Post-Invoke ""; APT::Update::Post-Invoke-Success "";
`, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "apt.conf"), []byte(config), 0o600))
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(dir, "apt.conf"), "LC_ALL=C")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s %v: %s", program, args, said.String())
	require.Empty(t, said.String())
	return string(out)
}

// TestApt: apt reads what is written, by its checksums, and finds in it what was written.
func TestApt(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("NOT COMPARED: needs apt-get")
	}
	all := written(t, 200)
	repo, dir := t.TempDir(), t.TempDir()
	write(t, repo, deb.WriteOptions{Contents: true}, all)
	apt(t, dir, repo, "apt-get", "update")
	var theirs []*deb.Package
	for p, err := range deb.ReadPackages("apt-cache", strings.NewReader(apt(t, dir, repo, "apt-cache", "dumpavail"))) {
		require.NoError(t, err)
		theirs = append(theirs, p)
	}
	fields := func(all []*deb.Package) (sets []string) { // apt writes fields in an order of its own
		for _, body := range bodies(t, all) {
			var m map[string]any
			require.NoError(t, json.Unmarshal([]byte(body), &m))
			delete(m, "files")
			b, err := json.Marshal(m)
			require.NoError(t, err)
			sets = append(sets, string(b))
		}
		return sets
	}
	require.ElementsMatch(t, fields(all), fields(theirs))
	require.Contains(t, apt(t, dir, repo, "apt-cache", "showsrc", "x"), "Version: 1:2-3")
	uris := apt(t, dir, repo, "apt-get", "--print-uris", "download", all[5].Package)
	require.Contains(t, uris, all[5].Filename)
	require.Contains(t, uris, fmt.Sprintf("%d SHA256:%s", all[5].Size, all[5].SHA256))
}

// TestAptFile: apt-file finds the files of a package in the Contents.
func TestAptFile(t *testing.T) {
	if _, err := exec.LookPath("apt-file"); err != nil {
		t.Skip("NOT COMPARED: needs apt-file")
	}
	all := written(t, 200)
	repo, dir := t.TempDir(), t.TempDir()
	write(t, repo, deb.WriteOptions{Contents: true}, all)
	apt(t, dir, repo, "apt-get", "update") // and so refuses what the Release has no checksum of
	for _, p := range []*deb.Package{all[0], all[100]} {
		var want []string
		for _, path := range p.Files.Paths() {
			want = append(want, p.Package+": "+string(path))
		}
		got := strings.Split(strings.TrimSpace(apt(t, dir, repo, "apt-file", "list", p.Package, "--fixed-string")), "\n")
		require.ElementsMatch(t, want, got)
	}
}
