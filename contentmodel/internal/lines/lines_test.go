package lines_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

// fail reads the first line of input that is not empty, and refuses it.
func fail(t *testing.T, input string) error {
	r := lines.New("x", strings.NewReader(input), 1000, "mend it")
	for {
		line, err := r.Next()
		if err != nil { // it has NULs
			return err
		}
		if strings.TrimSpace(string(line)) != "" {
			return r.Errorf("bad line")
		}
	}
}

func TestMistakes(t *testing.T) {
	for input, want := range map[string]string{
		"words":                            "x:1: bad line; mend it",
		"\n \n\n<!doctype HTML>":           "x:4: bad line: the input seems to be an HTML page; open the address in a browser",
		"\ufeff<HTML lang=en>":             "seems to be an HTML page",
		"<?xml version='1.0'?>":            "seems to be an XML document; mend it",
		`{"error":1}`:                      "seems to be a JSON document; open the address",
		"Origin: Debian":                   "seems to be a Release file; name one of the indices it lists",
		"Package: a":                       "seems to be an index of Debian packages; read it as one (syncbench: --source deb:NAME)",
		"-----BEGIN PGP SIGNED MESSAGE":    "seems to be a signed Release file",
		"\x1f\x8b\b\x00":                   "seems to be gzip data inside compressed data; decompress it once",
		"\x1f\xff\b":                       "x:1: bad line; mend it", // as bytes, not as text
		"\n\x00":                           "x:2: has a NUL byte, so it is no text; mend it",
		"\x28\xb5\x2f\xfdx":                "seems to be zstd data inside",
		"PK\x03\x04":                       "seems to be a zip archive; unpack it",
		"\xff\xfed\x00":                    "seems to be UTF-16 text; save it as UTF-8",
		strings.Repeat("a", 257) + "ustar": "seems to be a tar archive",
		"a,b\rc,d\r":                       `lines end in carriage returns alone; write it with "\\n"`,
		"a,b\r\nc":                         "x:1: bad line; mend it",
	} {
		err := fail(t, input)
		require.ErrorContains(t, err, strings.ReplaceAll(want, `\\`, `\`))
		require.NotContains(t, err.Error(), "\n")
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
	}
}

// TestFor: what the input should be is no mistake.
func TestFor(t *testing.T) {
	for _, c := range []struct{ own, input, want string }{
		{lines.PackagesIndex, "Package: a", "x:1: bad; mend it"},
		{lines.ReleaseFile, "Origin: a", "x:1: bad; mend it"},
		{lines.ReleaseFile, "Package: a", "x:1: bad: the input seems to be an index of Debian packages; read it as one (syncbench: --source deb:NAME)"},
	} {
		r := lines.New("x", strings.NewReader(c.input), 1000, "mend it").For(c.own)
		_, err := r.Next()
		require.NoError(t, err)
		require.EqualError(t, r.Errorf("bad"), c.want)
	}
}

// TestMark: the mark before UTF-8 text is no part of the first line, and nowhere else anything but text.
func TestMark(t *testing.T) {
	r := lines.New("x", strings.NewReader("\ufeffa\n\ufeffb\n"), 10, "")
	for _, want := range []string{"a", "\ufeffb"} {
		line, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want, string(line))
	}
}

func TestQuoteIsShort(t *testing.T) {
	for _, b := range []string{strings.Repeat("x", 1000), strings.Repeat("\x00", 1000), strings.Repeat("\xff", 81), strings.Repeat("é", 50)} {
		require.Less(t, len(lines.Quote([]byte(b))), 130)
	}
	require.Equal(t, `"a\xff"`, lines.Quote([]byte("a\xff")))
}

// TestEndless: of a line of 1 GB no more is read than it takes to see that it is too long, and none of it is kept.
func TestEndless(t *testing.T) {
	for _, limit := range []int{10, 1 << 16, 1 << 20} {
		in := &repeated{left: 1 << 30}
		r := lines.New("x", io.MultiReader(strings.NewReader("first\n"), in), limit, "mend it")
		_, err := r.Next()
		require.NoError(t, err)
		_, err = r.Next()
		require.EqualError(t, err, fmt.Sprintf("x:2: the line is longer than %d bytes; mend it", limit))
		require.Less(t, in.read, limit+256<<10)
	}
}

// repeated is one letter, many times.
type repeated struct{ left, read int }

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	r.left -= n
	r.read += n
	return n, nil
}
