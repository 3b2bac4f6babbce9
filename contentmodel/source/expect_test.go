package source_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/source"
)

func sum(b []byte) contentmodel.Checksum {
	s := sha256.Sum256(b)
	return contentmodel.Checksum(s[:])
}

func TestExpect(t *testing.T) {
	for name := range compressors {
		packed := compress(t, name, text)
		path := write(t, "x", packed)
		right := source.Expect{
			Size: int64(len(packed)), Checksum: sum(packed),
			OpenSize: int64(len(text)), OpenChecksum: sum(text), By: "repomd.xml",
		}
		for _, ahead := range []bool{false, true} {
			got, err := read(t.Context(), path, source.Options{Expect: right, Ahead: ahead})
			require.NoError(t, err, name)
			require.True(t, bytes.Equal(text, got))
			for want, change := range map[string]func(*source.Expect){
				"has more than 1 bytes, as repomd.xml says; the server": func(e *source.Expect) { e.Size = 1; e.Checksum = "" },
				" bytes and not 9999999, as repomd":                     func(e *source.Expect) { e.Size = 9999999 },
				" and not " + sum(text).String():                        func(e *source.Expect) { e.Checksum = e.OpenChecksum },
				"has more than 70000 bytes after decomp":                func(e *source.Expect) { e.OpenSize = 70000 },
				" bytes and not 9999999 after decompression":            func(e *source.Expect) { e.OpenSize = 9999999 },
				" and not " + sum(packed).String() + " after":           func(e *source.Expect) { e.OpenChecksum = e.Checksum },
			} {
				wrong := right
				change(&wrong)
				_, err := read(t.Context(), path, source.Options{Expect: wrong, Ahead: ahead})
				require.ErrorContains(t, err, want, name)
				require.ErrorContains(t, err, path+": has ")
			}
		}
	}
}

// TestAhead reads in pieces of every size, and stops anywhere.
func TestAhead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	long := bytes.Repeat(text, 3)
	path := write(t, "x.gz", compress(t, "gzip", long))
	for range 20 {
		s, err := source.Open(t.Context(), path, source.Options{Ahead: true})
		require.NoError(t, err)
		at, stop := 0, rnd.IntN(2*len(long))
		for at < min(stop, len(long)) {
			buf := make([]byte, 1+rnd.IntN(100<<10))
			n, err := s.Read(buf)
			require.NoError(t, err)
			require.True(t, bytes.Equal(long[at:at+n], buf[:n]))
			at += n
		}
		if at == len(long) {
			for range 2 {
				_, err = s.Read(make([]byte, 1))
				require.Equal(t, io.EOF, err)
			}
		}
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		_, err = s.Read(make([]byte, 1))
		require.Error(t, err)
	}
}

// TestAheadWaits: closing ends a reader that waits for a server or a pipe.
func TestAheadWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, stallAfter("some lines\n"))
	s, err := source.Open(ctx, url, source.Options{Ahead: true})
	require.NoError(t, err)
	defer s.Close()
	cancel()
	_, err = io.ReadAll(s)
	require.ErrorIs(t, err, context.Canceled)

	s, err = source.Open(t.Context(), url, source.Options{Ahead: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
