package source_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/source"
)

// member is gzip data with every optional part of a header.
func member(t *testing.T, s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// TestMembersCut cuts at every byte, also inside the header of the second member, where the decoder alone sees a clean end.
func TestMembersCut(t *testing.T) {
	one := member(t, "one\n")
	whole := append(bytes.Clone(one), member(t, "two\n")...)
	path := write(t, "x.gz", nil)
	for n := range whole {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		got, err := read(t.Context(), path, source.Options{})
		if n == len(one) {
			require.NoError(t, err)
			require.Equal(t, "one\n", string(got))
			continue
		}
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d of %d", n, len(whole))
		require.ErrorContains(t, err, path+": truncated")
	}
}

func TestBehindMembers(t *testing.T) {
	one := member(t, "one\n")
	for behind, want := range map[string]string{
		"":                               "one\n",
		"\x00":                           "one\n",
		strings.Repeat("\x00", 9999):     "one\n",
		"garbage":                        "one\n",
		"\x00\x00garbage":                "one\n",
		strings.Repeat("garbage", 99999): "one\n",
		"\x00\x00" + string(one):         "one\none\n",
	} {
		for _, ahead := range []bool{false, true} {
			var notes []string
			path := write(t, "x", append(bytes.Clone(one), behind...))
			got, err := read(t.Context(), path, source.Options{Ahead: ahead, Note: func(s string) { notes = append(notes, s) }})
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			if garbage := strings.TrimLeft(behind, "\x00"); garbage != "" && garbage[0] == 'g' {
				require.Equal(t, []string{fmt.Sprintf("%s: %d bytes behind the gzip data are no part of it, and are ignored", path, len(garbage))}, notes)
			} else {
				require.Empty(t, notes)
			}
		}
	}
	for _, n := range []int{1, 32 << 10, 32<<10 - 1, 32<<10 - 2, 200000} {
		_, err := read(t.Context(), write(t, "x", append(append(bytes.Clone(one), strings.Repeat("g", n)...), one...)), source.Options{})
		require.ErrorContains(t, err, "garbage between two members", "%d", n)
	}
}

// TestBehindXZ: zeros are padding, four at a time, and all else behind is refused for what it is.
func TestBehindXZ(t *testing.T) {
	one := compress(t, "xz", []byte("one\n"))
	for behind, want := range map[string]string{
		"": "", "\x00\x00\x00\x00": "", "x": "no xz data", strings.Repeat("garbage", 9999): "no xz data", "\x00\x00x": "no xz data",
		"\x00\x00\x00": "truncated", "\xfd7zX": "truncated", "\xfd7zXY, and so on": "corrupt",
	} {
		got, err := read(t.Context(), write(t, "x.xz", append(bytes.Clone(one), behind...)), source.Options{})
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, "one\n", string(got))
			continue
		}
		require.ErrorContains(t, err, want, "%.20q", behind)
	}
}

// TestEveryWindow: an xz file whose second stream, or second block, asks for 1 GiB.
func TestEveryWindow(t *testing.T) {
	const header = 12
	small := compress(t, "xz", text)
	second := blockEnds(t, "xz", small)[0]
	for name, at := range map[string]int{"stream": len(small) + header, "block": second} {
		bad := append(bytes.Clone(small), small...)
		block := bad[at : at+(int(bad[at])+1)*4]
		crc := block[len(block)-4:]
		for i := range block[:len(block)-4] {
			if bytes.Equal(block[i:min(i+2, len(block))], []byte{0x21, 1}) { // LZMA2, one byte of properties
				block[i+2] = 36 // 1 GiB
			}
		}
		binary.LittleEndian.PutUint32(crc, crc32.ChecksumIEEE(block[:len(block)-4]))
		_, err := read(t.Context(), write(t, "x", bad), source.Options{})
		require.ErrorContains(t, err, "needs a window of 1024 MiB, the limit is 8 MiB", name)
	}
}

func TestFilter(t *testing.T) {
	_, err := read(t.Context(), write(t, "x", unbase64(t,
		"/Td6WFoAAATm1rRGAgEEACEBFgANhjUfAQADb25lCgD1XLtWH8b9hgABHARvLJzBH7bzfQEAAAAABFla")), source.Options{})
	require.ErrorContains(t, err, "x: xz: uses the filter 0x4, which is not supported; recompress it without a filter")
}

func unbase64(t *testing.T, s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

// TestBzip2 reads one and two streams, and cuts them.
func TestBzip2(t *testing.T) {
	one := unbase64(t, "QlpoOTFBWSZTWYx3v94AAATRgAAQQAACJYSAIAAxBkxAyGmmjwssIJicJ4u5IpwoSEY73+8A")
	path := write(t, "x.bz2", one)
	got, err := read(t.Context(), path, source.Options{})
	require.NoError(t, err)
	require.Equal(t, "line one\nline two\n", string(got))
	two := append(bytes.Clone(one), one...)
	for n := range two {
		require.NoError(t, os.WriteFile(path, two[:n], 0o600))
		if _, err := read(t.Context(), path, source.Options{}); n != len(one) {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", n)
		}
	}
}

// TestShrunk: a local file that is cut while it is read, at the end of a line.
func TestShrunk(t *testing.T) {
	path := write(t, "x", []byte(strings.Repeat("some lines\n", 99999)))
	s, err := source.Open(t.Context(), path, source.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, os.Truncate(path, 88888*11))
	_, err = io.ReadAll(s)
	require.ErrorContains(t, err, path+": became shorter while it was read: it had 1099989 bytes and ends after 977768; run again")
}
