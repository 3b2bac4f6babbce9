package file_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
)

const digest = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

// readAll gathers what a sequence yields and checks that it ends as it says.
func readAll(t testing.TB, r io.Reader) (files []*file.File, err error) {
	for f, e := range file.Read("M", r) {
		require.NoError(t, err, "something followed the error")
		if e != nil {
			require.Nil(t, f)
			err = e
			continue
		}
		files = append(files, f)
	}
	return files, err
}

func TestRead(t *testing.T) {
	manifest := "\ufeff# comment\n\na/b.txt," + digest + ",12\r\n" +
		"  with, commas,and ,ends , " + digest + " , 0 \n" +
		"last ü," + digest + ",9223372036854775807"
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(manifest),
		"bytes": iotest.OneByteReader(strings.NewReader(manifest)),
	} {
		files, err := readAll(t, r)
		require.NoError(t, err, name)
		d, err := contentmodel.ParseDigest(digest)
		require.NoError(t, err)
		require.Equal(t, []*file.File{
			{Path: "a/b.txt", SHA256: d, Size: 12},
			{Path: "with, commas,and ,ends", SHA256: d, Size: 0},
			{Path: "last ü", SHA256: d, Size: 1<<63 - 1},
		}, files, name)
	}
	files, err := readAll(t, strings.NewReader(""))
	require.NoError(t, err)
	require.Empty(t, files)
	files, err = readAll(t, strings.NewReader("a/b,"+digest+",1\n./a/./b,"+digest+",1\n")) // one file, in two spellings
	require.NoError(t, err)
	require.Equal(t, files[0], files[1])
}

func TestReadErrors(t *testing.T) {
	good := "good," + digest + ",1\n"
	for want, line := range map[string]string{
		`want path,sha256,size but have "one"`:                "one",
		`want path,sha256,size but have "a,1"`:                "a,1",
		`path is empty`:                                       "," + digest + ",1",
		`path "/a" begins with a slash, and must be relative`: "/a," + digest + ",1",
		`path "a/" ends with a slash, and names no file`:      "a/," + digest + ",1",
		`path "a//b" has two slashes in a row`:                "a//b," + digest + ",1",
		`path "a/../b" has a ".." in it`:                      "a/../b," + digest + ",1",
		`path "\xff" is not UTF-8 text`:                       "\xff," + digest + ",1",
		`has a NUL byte, so it is no text`:                    "a\x00b," + digest + ",1",
		`not a SHA-256: want 64 hex digits, have 3`:           "a,abc,1",
		`not a SHA-256: "g1" is no pair of hex`:               "a,g1" + digest[2:] + ",1",
		`size is empty`:                                       "a," + digest + ",",
		`size "-1" is not a number`:                           "a," + digest + ",-1",
		`size "9223372036854775808" is too large`:             "a," + digest + ",9223372036854775808",
		`the line is longer than 65536 bytes`:                 strings.Repeat("x", 70000) + "," + digest + ",1",
		`the line is longer than 65536`:                       strings.Repeat("x", 10<<20),
	} {
		files, err := readAll(t, strings.NewReader(good+"\n"+line+"\n"+good))
		require.ErrorContains(t, err, "M:3: "+want)
		require.NotContains(t, err.Error(), "\n")
		require.Len(t, files, 1, "what came before the error")
	}
}

// TestReadBroken: the error of the stream below keeps its words and gains the
// line, in place of an end of file.
func TestReadBroken(t *testing.T) {
	good := "good," + digest + ",1\n"
	cut := &contentmodel.InputError{Name: "M.gz", Err: errors.New("truncated"), Remedy: "fetch it again"}
	files, err := readAll(t, io.MultiReader(strings.NewReader(good+"half a li"), iotest.ErrReader(cut)))
	require.EqualError(t, err, "M.gz:2: truncated; fetch it again")
	require.Len(t, files, 1)
	_, err = readAll(t, iotest.ErrReader(io.ErrClosedPipe))
	require.EqualError(t, err, "M:1: io: read/write on closed pipe")
}

// TestSkipBad: lines that can't be used are left out and named, but a stream that breaks is none.
func TestSkipBad(t *testing.T) {
	good := func(path string) string { return path + "," + digest + ",1\n" }
	manifest := good("a") + "nonsense\n" + good("b") + good("x\x00") + good("c") + good("d/")
	for skip, want := range map[int]string{0: "a", 1: "ab", 2: "abc", 3: "abc", 9: "abc"} {
		var got string
		var last error
		var notes []string
		for f, err := range (file.Options{SkipBad: skip, Note: func(s string) { notes = append(notes, s) }}).Read("M", strings.NewReader(manifest)) {
			if last = err; err == nil {
				got += f.Path
			}
		}
		require.Equal(t, want, got, "%d", skip)
		require.Equal(t, skip < 3, last != nil, "%v", last)
		require.Len(t, notes, min(skip, 3))
		if skip > 0 {
			require.Contains(t, notes[0], fmt.Sprintf(`left out, the 1. of at most %d: M:2: want path,sha256,size but have "nonsense"`, skip))
		}
	}
	for _, r := range []io.Reader{
		io.MultiReader(strings.NewReader(good("a")+"half"), iotest.ErrReader(io.ErrClosedPipe)),
		strings.NewReader(strings.Repeat("x", 70000) + "," + digest + ",1\n"),
	} {
		var last error
		for _, last = range (file.Options{SkipBad: 9}).Read("M", r) {
		}
		require.Error(t, last)
	}
}

func TestStopEarly(t *testing.T) {
	for f, err := range file.Read("M", strings.NewReader(strings.Repeat("a,"+digest+",1\n", 3))) {
		require.NoError(t, err)
		require.Equal(t, "a", f.Path)
		break
	}
}

func TestUnit(t *testing.T) {
	files, err := readAll(t, strings.NewReader(`a "b",`+digest+",7"))
	require.NoError(t, err)
	require.Equal(t, "file", files[0].Kind())
	require.Equal(t, `a "b" `+strings.ToLower(digest), files[0].Key())
	var b bytes.Buffer
	require.NoError(t, files[0].WriteBody(&b))
	require.JSONEq(t, fmt.Sprintf(`{"path":"a \"b\"","sha256":%q,"size":7}`, strings.ToLower(digest)), b.String())
}

// endless repeats a line up to so many bytes, without holding them.
type endless struct {
	line []byte
	left int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for len(p)-n >= len(e.line) && e.left > 0 {
		n += copy(p[n:], e.line)
		e.left -= len(e.line)
	}
	return n, nil
}

// TestMemory reads 50 MB: the live heap must not follow, nor the number of
// allocations go beyond the two of each file.
func TestMemory(t *testing.T) {
	line := []byte("some/path/with/usual/length/and-a-name-1.0.tar.gz," + digest + ",123456\n")
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	files, peak := 0, uint64(0)
	for _, err := range file.Read("M", &endless{line, 50 << 20}) {
		require.NoError(t, err)
		if files++; files%50000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		}
	}
	runtime.ReadMemStats(&now)
	require.Greater(t, files, 400000)
	require.Less(t, peak, uint64(2<<20), "bytes of live heap")
	require.Less(t, float64(now.Mallocs-before.Mallocs)/float64(files), 2.1, "allocations for a file")
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a," + digest + ",1\n#\n\n b , " + digest + ",2"))
	f.Add([]byte("a,b,c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := readAll(t, bytes.NewReader(data))
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
		}
		for _, u := range files {
			var b bytes.Buffer
			require.NoError(t, u.WriteBody(&b))
			require.True(t, json.Valid(b.Bytes()))
			// What was read, written as a manifest, reads as the same.
			again, err := readAll(t, strings.NewReader(fmt.Sprintf("%s,%s,%d", u.Path, u.SHA256, u.Size)))
			if !strings.HasPrefix(u.Path, "#") {
				require.NoError(t, err)
				require.Equal(t, []*file.File{u}, again)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	line := []byte("some/path/with/usual/length/and-a-name-1.0.tar.gz," + digest + ",123456\n")
	const size = 10 << 20
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range file.Read("M", &endless{line, size}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
