package source_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text compresses to several blocks in each format.
var text = func() []byte {
	var b bytes.Buffer
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Len() < 300<<10 {
		fmt.Fprintf(&b, "line %d of some text\n", rnd.IntN(1e6))
	}
	return b.Bytes()
}()

// compressors make what source reads, each as its usual tool does.
var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"xz": func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: 64 << 10, BlockSize: 100 << 10}.NewWriter(w)
	},
	"lz4": func(w io.Writer) (io.WriteCloser, error) {
		z := lz4.NewWriter(w)
		return z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
	},
	"lz4 without checksum": func(w io.Writer) (io.WriteCloser, error) {
		z := lz4.NewWriter(w)
		return z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false))
	},
}

func compress(t testing.TB, name string, data []byte) []byte {
	var b bytes.Buffer
	w, err := compressors[name](&b)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func write(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// read opens and reads to the end.
func read(ctx context.Context, name string, opt source.Options) ([]byte, error) {
	s, err := source.Open(ctx, name, opt)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return io.ReadAll(s)
}

func TestFormats(t *testing.T) {
	for name := range compressors {
		t.Run(name, func(t *testing.T) {
			packed := compress(t, name, text)
			s, err := source.Open(t.Context(), write(t, "x", packed), source.Options{})
			require.NoError(t, err)
			defer s.Close()
			require.True(t, strings.HasPrefix(name, s.Compression()))
			got, err := io.ReadAll(s)
			require.NoError(t, err)
			require.True(t, bytes.Equal(text, got))
			n, total := s.Progress()
			require.EqualValues(t, len(packed), n)
			require.EqualValues(t, len(packed), total)
		})
	}
}

// TestConcatenated has two streams in one file, which every tool reads as one.
func TestConcatenated(t *testing.T) {
	for name := range compressors {
		one := compress(t, name, text)
		got, err := read(t.Context(), write(t, "x", append(one, one...)), source.Options{})
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(append(text[:len(text):len(text)], text...), got), name)
	}
}

func TestPlain(t *testing.T) {
	for _, data := range []string{"", "x", "\x1f", "BZ", "some text\n"} {
		got, err := read(t.Context(), write(t, "plain", []byte(data)), source.Options{})
		require.NoError(t, err)
		require.Equal(t, data, string(got))
	}
}

// TestTruncated cuts a stream at every byte: no cut may pass for the whole.
func TestTruncated(t *testing.T) {
	suffix := map[string]string{"gzip": ".gz", "xz": ".xz", "zstd": ".zst", "lz4": ".lz4"}
	for name := range compressors {
		t.Run(name, func(t *testing.T) {
			whole := compress(t, name, text[:230<<10])
			path := write(t, "x"+suffix[strings.Fields(name)[0]], nil)
			for n := 0; n < len(whole); n += step(n, len(whole)) {
				require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
				_, err := read(t.Context(), path, source.Options{})
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d of %d", n, len(whole))
				require.ErrorContains(t, err, path+": truncated")
				require.ErrorContains(t, err, "fetch it again")
			}
		})
	}
}

// step is 1 at the ends, where the headers are, and more between.
func step(n, size int) int {
	if n < 100 || size-n < 300 {
		return 1
	}
	return 1999
}

// TestCutBetweenBlocks cuts where decoders see a clean end.
func TestCutBetweenBlocks(t *testing.T) {
	for name := range compressors {
		whole := compress(t, name, text)
		path := write(t, "x", nil)
		for _, n := range blockEnds(t, name, whole) {
			require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
			_, err := read(t.Context(), path, source.Options{})
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%s cut at %d", name, n)
		}
	}
}

// TestCorrupt flips bytes: an error or, where there is no checksum, other
// bytes, but never a panic.
func TestCorrupt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for name := range compressors {
		t.Run(name, func(t *testing.T) {
			whole := compress(t, name, text[:100<<10])
			path := write(t, "x", nil)
			failed := 0
			for range 100 {
				bad := bytes.Clone(whole)
				for range 1 + rnd.IntN(3) {
					bad[rnd.IntN(len(bad))] ^= byte(1 + rnd.IntN(255))
				}
				require.NoError(t, os.WriteFile(path, bad, 0o600))
				if _, err := read(t.Context(), path, source.Options{}); err != nil {
					failed++
					require.ErrorContains(t, err, path)
					in, ok := errors.AsType[*contentmodel.InputError](err)
					require.True(t, ok)
					require.NotEmpty(t, in.Remedy, err)
				}
			}
			if !strings.Contains(name, "without") {
				require.Greater(t, failed, 90)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for want, name := range map[string]string{
		"check the path and its permissions":                       filepath.Join(dir, "absent"),
		"is a directory; name the file inside it":                  dir,
		"unsupported scheme ftp":                                   "ftp://host/x",
		"is lz4 of the legacy format, which is not supported; use": write(t, "x", []byte("\x02\x21\x4c\x18....")),
		"is zchunk, which is not supported":                        write(t, "x", []byte("\x00ZCK1....")),
	} {
		_, err := source.Open(t.Context(), name, source.Options{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestWindow(t *testing.T) {
	var z, x bytes.Buffer
	zw, err := zstd.NewWriter(&z, zstd.WithWindowSize(16<<20))
	require.NoError(t, err)
	xw, err := xz.WriterConfig{DictCap: 16 << 20}.NewWriter(&x)
	require.NoError(t, err)
	for w, times := range map[io.WriteCloser]int{zw: 60, xw: 1} { // zstd asks for no more than it needs
		for range times {
			_, err = w.Write(text)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
	}
	for name, packed := range map[string][]byte{"zstd": z.Bytes(), "xz": x.Bytes()} {
		path := write(t, "x", packed)
		_, err := read(t.Context(), path, source.Options{})
		require.ErrorContains(t, err, "the limit is 8 MiB; if there is memory for it, set MaxWindow (syncbench: --max-window) to that", name)
		_, err = read(t.Context(), path, source.Options{MaxWindow: 16 << 20})
		require.NoError(t, err, name)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := source.Open(ctx, write(t, "x", text), source.Options{})
	require.NoError(t, err)
	defer s.Close()
	buf := make([]byte, 10)
	_, err = s.Read(buf)
	require.NoError(t, err)
	cancel()
	_, err = s.Read(buf)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, s.Name())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func TestReadAfterClose(t *testing.T) {
	s, err := source.Open(t.Context(), write(t, "x", text), source.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = s.Read(make([]byte, 1))
	require.ErrorContains(t, err, "read after close")
}

// blockEnds finds the ends of blocks in lz4 and xz streams by their framing.
func blockEnds(t *testing.T, name string, whole []byte) (ends []int) {
	switch {
	case strings.HasPrefix(name, "lz4"):
		const header = 7
		for at := header; ; {
			size := int(whole[at]) | int(whole[at+1])<<8 | int(whole[at+2])<<16 | int(whole[at+3]&0x7f)<<24
			if size == 0 {
				break
			}
			at += 4 + size
			ends = append(ends, at)
		}
	case name == "xz":
		// The index at the end holds the blocks' sizes before padding.
		footer := whole[len(whole)-12:]
		index := whole[len(whole)-12-int(binary.LittleEndian.Uint32(footer[4:])+1)*4:]
		number := func() int {
			v, n := binary.Uvarint(index)
			index = index[n:]
			return int(v)
		}
		index = index[1:]
		at := 12
		for range number() {
			at += (number() + 3) &^ 3
			number()
			ends = append(ends, at)
		}
	default:
		return nil
	}
	require.NotEmpty(t, ends)
	return ends
}
