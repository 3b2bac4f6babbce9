package npm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/npm"
)

var _ contentmodel.Unit = (*npm.Version)(nil)

const packument = `{"_id": "hello", "name": "hello", "dist-tags": {"latest": "1.1.0"}, "versions": {
  "1.0.0": {"name": "hello", "version": "1.0.0", "deprecated": "say \"hi\"", "dist": {"shasum": "abc", "tarball": "https://example.org/hello-1.0.0.tgz"}},
  "1.1.0": {"name": "hello", "version": "1.1.0", "deprecated": false,
    "dependencies": {"a b": "^1 \\ \" 2"}, "dist": {"integrity": "sha512-x", "tarball": "https://example.org/hello-1.1.0.tgz", "unpackedSize": 5}}
}, "time": {"created": "2020"}, "readme": "# hello"}`

func read(r io.Reader) (all []*npm.Version, err error) {
	for v, err := range npm.ReadVersions("x", r) {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

func TestReadVersions(t *testing.T) {
	all, err := read(strings.NewReader(packument))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "hello@1.0.0", all[0].Key())
	require.Equal(t, `say "hi"`, all[0].Deprecated)
	require.Equal(t, "abc", all[0].Shasum)
	require.Equal(t, "sha512-x", all[1].Integrity)
	require.Equal(t, "https://example.org/hello-1.1.0.tgz", all[1].Tarball)
	require.Empty(t, all[1].Deprecated)
	var b, want bytes.Buffer
	require.NoError(t, all[1].WriteBody(&b))
	begin, end := strings.Index(packument, `{"name": "hello", "version": "1.1.0"`), strings.Index(packument, "\n}, \"time\"")
	require.NoError(t, json.Compact(&want, []byte(packument[begin:end])))
	require.Equal(t, want.String(), b.String())
	for range npm.ReadVersions("x", strings.NewReader(packument)) {
		break
	}
}

// TestSkipBad: a version that can't be used is left out and named, what is no JSON is not.
func TestSkipBad(t *testing.T) {
	in := strings.Replace(packument, `"name": "hello", "version": "1.0.0"`, `"version": "1.0.0"`, 1)
	var notes []string
	o := npm.Options{SkipBad: 1, Note: func(s string) { notes = append(notes, s) }}
	var keys []string
	for v, err := range o.ReadVersions("x", strings.NewReader(in)) {
		require.NoError(t, err)
		keys = append(keys, v.Key())
	}
	require.Equal(t, []string{"hello@1.1.0"}, keys)
	require.Equal(t, []string{`left out, the 1. of at most 1: x: version "1.0.0": has no name; check that it is the packument of a package, and fetch it again`}, notes)
	_, err := read(strings.NewReader(in))
	require.ErrorContains(t, err, `version "1.0.0": has no name`)
	for _, err = range o.ReadVersions("x", strings.NewReader(packument[:300])) {
	}
	require.ErrorContains(t, err, "unexpected EOF")
}

func TestRefuses(t *testing.T) {
	for in, want := range map[string]string{
		packument[:300]:                                                 "ends in the middle: unexpected EOF; fetch it again",
		`{"error": "version not found: x"}`:                             `x: the registry says: "version not found: x"; check that it is the packument`,
		`{"versions": {"1": {"version": "1"}}}`:                         `version "1": has no name`,
		`{"versions": {"1": {"name": "a` + "\x00" + `"}}}`:              `at byte`,
		`{"versions": {"": {"name": "a"}}}`:                             "has no version",
		`{"versions": {"1": {"name": "a", "version": "2"}}}`:            `version "1": says that it is version "2"`,
		`{"versions": {"1": {"name": "a` + "\xff" + `"}}}`:              "is not UTF-8 text",
		`{"versions": {"1": 5}}`:                                        `version "1": json`,
		`<!doctype html>`:                                               "seems to be an HTML page",
		`{"versions": {"1": {"x": "` + strings.Repeat("x", 9<<20) + `"`: "a member is longer than 8388608 bytes",
	} {
		_, err := read(strings.NewReader(in))
		require.ErrorContains(t, err, want)
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
	}
}

// TestMemory looks at the live heap, for the garbage of other tests is theirs: a packument of 11 MB takes little, and one of
// 100 MB no more.
func TestMemory(t *testing.T) {
	const versions, each = 1000, 11_000
	r, w := io.Pipe()
	readme := strings.Repeat("x", each)
	go func() {
		_, _ = io.WriteString(w, `{"name": "big", "versions": {`)
		for i := range versions {
			if i > 0 {
				_, _ = io.WriteString(w, ",")
			}
			_, _ = fmt.Fprintf(w, `"1.0.%d": {"name": "big", "version": "1.0.%d", "readme": "%s"}`, i, i, readme)
		}
		_, _ = io.WriteString(w, "}}")
		_ = w.Close()
	}()
	var m runtime.MemStats
	n, peak := 0, uint64(0)
	for _, err := range npm.ReadVersions("big", r) {
		require.NoError(t, err)
		if n++; n%200 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	require.Equal(t, versions, n)
	require.Less(t, peak, uint64(8<<20), "bytes of live heap")
}

// FuzzReadVersions: no input makes a panic, and every body is JSON.
func FuzzReadVersions(f *testing.F) {
	f.Add([]byte(packument))
	f.Fuzz(func(t *testing.T, in []byte) {
		all, err := read(bytes.NewReader(in))
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
		}
		for _, v := range all {
			require.NotEmpty(t, v.Key())
			require.True(t, json.Valid(v.Manifest), "%s", v.Manifest)
		}
	})
}
