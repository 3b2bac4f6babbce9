package jsonstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/jsonstream"
)

func list(r io.Reader, o jsonstream.Options) (all string, err error) {
	for m, err := range jsonstream.Members("x", r, o) {
		if err != nil {
			return all, err
		}
		all += fmt.Sprintf("%s.%s=%s ", m.Object, m.Key, m.Value)
	}
	return all, nil
}

const document = `{"name": "n", "versions": {"1": {"a": [1, {"b": "}"}]}, "2": null},
	"time": {"1": "t"}, "empty": {}, "é\n\"": -1.5e3}`

const want = `.name="n" versions.1={"a": [1, {"b": "}"}]} versions.2=null .time={"1": "t"} .é` + "\n" + `"=-1.5e3 `

var objects = jsonstream.Options{Objects: []string{"versions", "empty"}}

func TestMembers(t *testing.T) {
	for _, r := range []io.Reader{strings.NewReader(document), iotest.OneByteReader(strings.NewReader(document)), iotest.DataErrReader(strings.NewReader(document + " \n"))} {
		got, err := list(r, objects)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for range jsonstream.Members("x", strings.NewReader(document), objects) {
		break
	}
}

// TestCut: no part of a document is a document, and what came before the cut is right.
func TestCut(t *testing.T) {
	for n := range len(document) {
		got, err := list(strings.NewReader(document[:n]), objects)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", n)
		require.ErrorContains(t, err, "x: at byte ")
		require.ErrorContains(t, err, "ends in the middle: unexpected EOF; fetch it again")
		require.True(t, strings.HasPrefix(want, got), "cut at %d: %s", n, got)
	}
	own := &contentmodel.InputError{Name: "stream", Err: errors.New("broken")}
	_, err := list(io.MultiReader(strings.NewReader(document[:30]), iotest.ErrReader(own)), objects)
	require.Equal(t, own, err)
}

func TestRefuses(t *testing.T) {
	small := objects
	small.MaxMember = 2000
	for in, want := range map[string]string{
		"[]":               `want an object but have "["`,
		`{"versions": []}`: `want an object but have "["`,
		`{"a": 1}{}`:       "something behind the document",
		`{"a" 1}`:          "x: at byte",
		`{"a": 01}`:        "x: at byte",
		`{"a": 1,}`:        "x: at byte",
		"<html>":           "seems to be an HTML page",
		"\x1f\x8b\x08":     "seems to be gzip data inside compressed data",
		`{"a": "` + strings.Repeat("x", 9999) + `"}`:                     "a member is longer than 2000 bytes",
		`{"versions": {"` + strings.Repeat("x", 9999) + `": 1}}`:         "a member is longer than 2000 bytes",
		`{"a": ` + strings.Repeat("[", 1900) + strings.Repeat(" ", 9999): "a member is longer than 2000 bytes",
	} {
		_, err := list(strings.NewReader(in), small)
		require.ErrorContains(t, err, want, in)
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
		require.NotContains(t, err.Error(), "\n")
	}
}

// TestKept: the buffers are told of as large as the largest member makes them, until the end, where there are none.
func TestKept(t *testing.T) {
	const large = 1 << 20
	small := strings.Repeat(`{"a": "`+strings.Repeat("x", 100)+`"}, "b": `, 2000)
	for text, most := range map[string]int64{
		`{"b": ` + small + `0}`: 0,
		`{"b": ` + small + `"` + strings.Repeat("x", large) + `", "b": ` + small + `0}`: large,
	} {
		var told []int64
		behind := int64(0) // what was told last when the end was near
		n := 0
		for _, err := range jsonstream.Members("x", strings.NewReader(text), jsonstream.Options{Kept: func(n int64) { told = append(told, n) }}) {
			require.NoError(t, err)
			if n++; len(told) > 0 {
				behind = told[len(told)-1]
			}
		}
		if most == 0 {
			require.Empty(t, told)
			continue
		}
		require.GreaterOrEqual(t, behind, 2*most-64<<10, "the decoder's buffer and the value")
		require.LessOrEqual(t, behind, 5*most)
		require.Zero(t, told[len(told)-1])
	}
}

// TestEndless: whatever goes on for 1 GB, little more than the limit is read of it, and none of what was asked for is cut in
// silence: the limit is what the error names, not the document.
func TestEndless(t *testing.T) {
	const limit = 100_000
	for _, begin := range []string{`{"a": "`, `{"a": [`, `{"a": 1`, `{"`, `{`, `{"a": `, `{"a": 1,`, `{"versions": {"1": "`, `{"versions": {"1": {}`, `{"a": 1}`} {
		for _, c := range "x1 [" {
			in := &repeated{c: byte(c), left: 1 << 30}
			_, err := list(io.MultiReader(strings.NewReader(begin), in), jsonstream.Options{Objects: []string{"versions"}, MaxMember: limit})
			require.ErrorContains(t, err, "x: at byte ", begin)
			require.Less(t, in.read, 4*limit, "%s%c", begin, c)
			if begin == `{"a": "` || c == ' ' {
				require.ErrorContains(t, err, "a member is longer than 100000 bytes", "%s%c", begin, c)
			}
		}
	}
}

// repeated is one character, many times.
type repeated struct {
	c          byte
	left, read int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range p[:n] {
		p[i] = r.c
	}
	r.left -= n
	r.read += n
	return n, nil
}

// conda writes a repodata.json of about so many bytes.
func conda(w io.Writer, size int) (packages int) {
	n, _ := io.WriteString(w, `{"info": {"subdir": "linux-64"}, "packages": {`)
	for _, object := range []string{"", `}, "packages.conda": {`} {
		m, _ := io.WriteString(w, object)
		n += m
		for first := true; n < size/2 || object != "" && n < size; first = false {
			if !first {
				_, _ = io.WriteString(w, ",")
			}
			m, _ = fmt.Fprintf(w, `
    "package-%d.conda": {"build": "h%d_0", "build_number": 0, "depends": ["libgcc-ng >=12", "python >=3.11,<3.12.0a0", "zlib"], "license": "MIT",
      "md5": "0123456789abcdef0123456789abcdef", "name": "package-%d", "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "size": %d, "version": "1.%d"}`,
				packages, packages, packages, packages, packages)
			n += m
			packages++
		}
	}
	_, _ = io.WriteString(w, `}, "removed": [], "repodata_version": 1}`)
	return packages
}

// TestConda reads a large document in little memory. SYNCMEM_CONDA_MB=190 makes it as large as conda-forge's.
func TestConda(t *testing.T) {
	size := 20
	if s := os.Getenv("SYNCMEM_CONDA_MB"); s != "" {
		size, _ = strconv.Atoi(s)
	}
	r, w := io.Pipe()
	made := make(chan int, 1)
	go func() {
		made <- conda(w, size*1_000_000)
		_ = w.Close()
	}()
	var m runtime.MemStats
	n, peak := 0, uint64(0)
	for member, err := range jsonstream.Members("repodata.json", r, jsonstream.Options{Objects: []string{"packages", "packages.conda"}}) {
		require.NoError(t, err)
		if member.Object == "" {
			continue
		}
		if n++; n%20000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	require.Equal(t, <-made, n)
	t.Logf("%d packages in %d MB, live heap %d MiB at most", n, size, peak>>20)
	require.Less(t, peak, uint64(16<<20), "bytes of live heap")
}

// FuzzMembers: whatever is read is what encoding/json reads.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(document))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, err := list(bytes.NewReader(in), objects)
		var m map[string]json.RawMessage
		if std := json.Unmarshal(in, &m); err == nil {
			require.NoError(t, std)
		}
	})
}

func ExampleMembers() {
	r := strings.NewReader(`{"name": "hello", "versions": {"1.0.0": {"x": 1}, "1.1.0": {"x": 2}}}`)
	for m, err := range jsonstream.Members("packument", r, jsonstream.Options{Objects: []string{"versions"}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Object, m.Key, string(m.Value))
	}
	// Output:
	// name "hello"
	// versions 1.0.0 {"x": 1}
	// versions 1.1.0 {"x": 2}
}
