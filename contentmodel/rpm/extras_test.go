package rpm_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

const (
	updates = `<?xml version="1.0"?><updates>
<update from="x" type="security"><id>FEDORA-1</id><title>a &amp; b</title><pkglist><collection><package name="p"><id>no</id></package></collection></pkglist></update>
<update type="bugfix"><id>FEDORA-1</id><title>again</title></update></updates>`
	comps = `<?xml version="1.0"?><!DOCTYPE comps PUBLIC "-//Example//DTD Comps info//EN" "comps.dtd"><!-- comps --><comps><group><id>core</id><name>Core</name></group><category><id>c</id></category>
<unknown/><environment><id>e</id></environment><langpacks><match name="a" install="b"/></langpacks></comps>`
	modules = `document: modulemd
version: 2
data:
  name: "nodejs"
  stream: '10'
  version: 20180920144631
  context: 6c81f848
  arch: x86_64
  summary: name: not this
  xmd:
    name: nor this
...
---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  stream: 10
`
)

// extrasRepo has them beside no packages; the files as repomd.xml names them.
func extrasRepo(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "repodata"), 0o700))
	md := "<repomd>"
	for kind, text := range files {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", kind+".gz"), b.Bytes(), 0o600))
		md += fmt.Sprintf("<data type=%q><checksum type='sha256'>%x</checksum><location href='repodata/%s.gz'/></data>", kind, sha256.Sum256(b.Bytes()), kind)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), []byte(md+"</repomd>"), 0o600))
	return dir
}

func readExtras(t *testing.T, dir string) (all []*rpm.Extra, err error) {
	r, err := rpm.Open(t.Context(), dir, rpm.Options{})
	require.NoError(t, err)
	for e, err := range r.Extras(t.Context()) {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

func TestExtras(t *testing.T) {
	dir := extrasRepo(t, map[string]string{"updateinfo": updates, "group_gz": comps, "group": "not read", "modules": modules})
	all, err := readExtras(t, dir)
	require.NoError(t, err)
	var got []string
	keys := map[string]bool{}
	for _, e := range all {
		got = append(got, e.Kind()+" "+e.ID)
		keys[e.Key()] = true
		var b bytes.Buffer
		require.NoError(t, e.WriteBody(&b))
		require.True(t, json.Valid(b.Bytes()))
	}
	require.Equal(t, []string{
		"rpm-advisory FEDORA-1", "rpm-advisory FEDORA-1", "rpm-group core", "rpm-group c", "rpm-group e", "rpm-group langpacks",
		"rpm-module modulemd:nodejs:10:20180920144631:6c81f848:x86_64", "rpm-module modulemd-defaults:nodejs:10",
	}, got)
	require.Len(t, keys, len(all), "one id with other content is another unit")
	require.Equal(t, `<update type="bugfix"><id>FEDORA-1</id><title>again</title></update>`, all[1].Text)
	require.True(t, strings.HasPrefix(all[6].Text, "document: modulemd\n") && strings.HasSuffix(all[6].Text, "    name: nor this\n"))

	r, err := rpm.Open(t.Context(), dir, rpm.Options{})
	require.NoError(t, err)
	for range r.Extras(t.Context()) {
		break
	}
	all, err = readExtras(t, extrasRepo(t, nil))
	require.NoError(t, err)
	require.Empty(t, all)
}

// TestModuleForms: modules as people write them.
func TestModuleForms(t *testing.T) {
	for text, want := range map[string][]string{
		"# made by hand\n%YAML 1.2\n---\n# a module\ndocument: modulemd\ndata:\n    name: a\n    stream: b\n...\n# the end\n":                                 {"modulemd:a:b"},
		"---\n  document: modulemd\n  data:\n    name: a\n    stream: 5.4\n    license:\n      module: [MIT]\n...\n---\n  document: x\n  data:\n   name: b\n": {"modulemd:a:5.4", "x:b"},
		"--- # a module\ndocument: modulemd\r\ndata:\r\n  name: \"a\"\r\n":                                                                                    {"modulemd:a"},
		"": nil, "---\n...\n": nil,
	} {
		all, err := readExtras(t, plainExtras(t, "modules", text))
		require.NoError(t, err)
		var got []string
		for _, e := range all {
			got = append(got, e.ID)
		}
		require.Equal(t, want, got, text)
	}
}

func TestExtrasRefused(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"updateinfo.gz: at byte ":       {"updateinfo": updates[:len(updates)-9]},
		"modules.gz:3: the document":    {"modules": "---\na: b\n---\n"},
		"begins with <q> and not with ": {"group_gz": "<q/>"},
		"is zchunk":                     nil,
		"an element is longer than":     {"updateinfo": "<updates><update>" + strings.Repeat("<a>"+strings.Repeat("x", 1<<19)+"</a>", 20)},
		"a document is longer than":     {"modules": strings.Repeat("x: y\n", 2<<20)},
		"modules.gz:4: has a NUL byte":  {"modules": "---\ndocument: modulemd\ndata:\n  name: a\x00b\n"},
	} {
		dir := extrasRepo(t, files)
		if files == nil {
			want = "has modules as zchunk alone"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"),
				[]byte("<repomd><data type='modules_zck'><location href='m.zck'/></data></repomd>"), 0o600))
		}
		_, err := readExtras(t, dir)
		require.ErrorContains(t, err, want)
	}
}

// TestExtrasCut cuts each file at every byte: an error, or, of YAML, which has no end, what came before.
func TestExtrasCut(t *testing.T) {
	for kind, text := range map[string]string{"updateinfo": updates, "group": comps, "modules": modules} {
		whole, err := readExtras(t, plainExtras(t, kind, text))
		require.NoError(t, err)
		for n := range len(strings.TrimRight(text, "\n")) {
			got, err := readExtras(t, plainExtras(t, kind, text[:n]))
			if kind != "modules" {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%s cut at %d", kind, n)
				require.Equal(t, append([]*rpm.Extra(nil), whole[:len(got)]...), got)
				continue
			}
			require.LessOrEqual(t, len(got), len(whole))
			for i := range len(got) - 1 { // the last one is what is left of it
				require.Equal(t, whole[i], got[i])
			}
		}
	}
}

// plainExtras has one file of them, of which repomd.xml says nothing.
func plainExtras(t testing.TB, kind, text string) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "repodata"), 0o700))
	writeExtras(t, dir, kind, text)
	return dir
}

func writeExtras(t testing.TB, dir, kind, text string) {
	md := fmt.Sprintf("<repomd><data type=%q><location href='repodata/x'/></data></repomd>", kind)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "x"), []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), []byte(md), 0o600))
}

// FuzzExtras: no input makes a panic, a hang, or a unit without a name.
func FuzzExtras(f *testing.F) {
	kinds := []string{"updateinfo", "group", "modules"}
	f.Add(0, updates)
	f.Add(1, comps)
	f.Add(2, modules)
	dir := plainExtras(f, "modules", "")
	f.Fuzz(func(t *testing.T, kind int, text string) {
		if kind < 0 || kind >= len(kinds) {
			t.Skip()
		}
		writeExtras(t, dir, kinds[kind], text)
		all, err := readExtras(t, dir)
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
		}
		for _, e := range all {
			require.NotEmpty(t, e.ID)
			require.NoError(t, e.WriteBody(io.Discard))
		}
	})
}

// FuzzRepomd: no input makes a panic, and no file that it names is outside the repository, but by an address of its own.
func FuzzRepomd(f *testing.F) {
	f.Add("<repomd><data type='primary'><checksum type='sha'>00</checksum><size>5</size><location xml:base='a' href='b'/></data></repomd>")
	dir := plainExtras(f, "modules", "")
	f.Fuzz(func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), []byte(text), 0o600))
		r, err := rpm.Open(t.Context(), dir, rpm.Options{})
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
			return
		}
		for _, rec := range r.Records() {
			for _, part := range []string{rec.Href, rec.Base} {
				require.True(t, strings.Contains(part, "://") || filepath.IsLocal(part) || part == "", part)
			}
		}
	})
}
