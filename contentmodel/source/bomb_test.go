package source_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// peak calls fn and is how many bytes of heap lived at most, where it looked.
func peak(fn func(look func())) int64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := int64(0)
	fn(func() {
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, int64(now.HeapAlloc)-int64(before.HeapAlloc))
	})
	return most
}

// TestBomb: a file of some kilobytes that becomes 32 MiB takes no more memory than any other.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses 160 MiB")
	}
	const size, parts = 4 << 20, 8
	zeros := make([]byte, size)
	bombs := map[string][]byte{"bzip2": unbase64(t, "QlpoOTFBWSZTWVYC4ogAICBIAMAAAAQACCAAMMwFKaYCAbECAeLuSKcKEgrAXFEA")} // nobody writes it here
	for name := range compressors {
		bombs[name] = compress(t, name, zeros)
	}
	for name, bomb := range bombs {
		t.Run(name, func(t *testing.T) {
			path := write(t, "x", bytes.Repeat(bomb, parts))
			s, err := source.Open(t.Context(), path, source.Options{})
			require.NoError(t, err)
			defer s.Close()
			require.Less(t, peak(func(look func()) {
				for range parts {
					_, err := io.CopyN(io.Discard, s, size)
					require.NoError(t, err)
					look()
				}
			}), int64(9<<20))
			_, err = s.Read(make([]byte, 1))
			require.Equal(t, io.EOF, err)
		})
	}
}

// TestHugeWindow: what a zstd frame asks for is never allocated, whether as a window or as the size of all.
func TestHugeWindow(t *testing.T) {
	const magic = "\x28\xb5\x2f\xfd"
	window := func(log byte) []byte { return append([]byte(magic), 0, (log-10)<<3, 1, 0, 0) }
	single := binary.LittleEndian.AppendUint64([]byte(magic+"\xe0"), 1<<30)
	for name, head := range map[string][]byte{"16 MiB": window(24), "512 MiB": window(29), "2 GiB": window(31), "1 GiB at once": append(single, 1, 0, 0)} {
		path := write(t, "x.zst", head)
		require.Less(t, peak(func(look func()) {
			_, err := read(t.Context(), path, source.Options{})
			look()
			require.ErrorContains(t, err, "the limit is 8 MiB; if there is memory for it, set MaxWindow", name)
		}), int64(1<<20))
	}
	var b bytes.Buffer // the second frame is looked at, too
	w, err := zstd.NewWriter(&b)
	require.NoError(t, err)
	_, err = w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = read(t.Context(), write(t, "x", append(b.Bytes(), window(31)...)), source.Options{})
	require.ErrorContains(t, err, "the limit is 8 MiB")
}

// FuzzStream: no file makes a panic, a hang, or an error without its name.
func FuzzStream(f *testing.F) {
	for name := range compressors {
		f.Add(compress(f, name, text[:500]))
	}
	path := write(f, "x", nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		s, err := source.Open(t.Context(), path, source.Options{MaxWindow: 1 << 20})
		if err == nil {
			defer s.Close()
			_, err = io.Copy(io.Discard, io.LimitReader(s, 16<<20))
		}
		if err != nil {
			in, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
			require.Equal(t, path, in.Name)
		}
	})
}
