package jsonw_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
)

// TestStrings has encoding/json as its oracle.
func TestStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.Map(rapid.String(), func(s string) string { return strings.Repeat(s+"\"\n\x00é", 1000) }),
		).Draw(t, "s")
		var b bytes.Buffer
		j := jsonw.New(&b)
		j.String(s)
		require.NoError(t, j.Close())
		var got, want string
		require.NoError(t, json.Unmarshal(b.Bytes(), &got))
		oracle, err := json.Marshal(s)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(oracle, &want))
		require.Equal(t, want, got)
		back, err := jsonw.Unquote(b.Bytes())
		require.NoError(t, err)
		require.Equal(t, s, back, "no byte is lost")
	})
}

// TestBytes: every byte has a spelling of its own, also those that are no text.
func TestBytes(t *testing.T) {
	for c := range 256 {
		for _, s := range []string{string([]byte{byte(c)}), string([]byte{'x', byte(c), byte(c), 0xed, 0xb2, 0x80, 'y'})} {
			var b bytes.Buffer
			j := jsonw.New(&b)
			j.String(s)
			require.NoError(t, j.Close())
			require.True(t, json.Valid(b.Bytes()), "%s", &b)
			back, err := jsonw.Unquote(b.Bytes())
			require.NoError(t, err)
			require.Equal(t, s, back)
		}
	}
	for _, bad := range []string{``, `"`, `x`, `"\"`, `"\x"`, `"\u12"`, `"\u00g0"`, `"\ud83d\udca9"`} {
		_, err := jsonw.Unquote([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestNesting(t *testing.T) {
	var b bytes.Buffer
	j := jsonw.New(&b)
	j.BeginObject()
	j.Field("absent", "")
	j.IntField("zero", 0)
	j.Field("a", "x")
	j.Key("list")
	j.BeginArray()
	j.BeginArray()
	j.EndArray()
	j.Int(-1 << 63)
	j.BeginObject()
	j.EndObject()
	j.String("")
	j.EndArray()
	j.IntField("n", 7)
	j.EndObject()
	require.NoError(t, j.Close())
	require.Equal(t, `{"a":"x","list":[[],-9223372036854775808,{},""],"n":7}`, b.String())
}

// writes notes the longest write, and fails from a point on.
type writes struct{ longest, left int }

func (w *writes) Write(b []byte) (int, error) {
	w.longest = max(w.longest, len(b))
	if w.left -= len(b); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// TestSmallWrites: whatever the values, no write is longer than the buffer, and
// nothing is allocated.
func TestSmallWrites(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	w := &writes{left: 1 << 30}
	write := func() {
		j := jsonw.New(w)
		j.BeginArray()
		j.String(long)
		j.EndArray()
		if j.Close() != nil {
			t.Error("failed")
		}
	}
	// A collection empties the writers' pool, and the race detector drops some of it on purpose: that one run
	// of many needs none is what shows that none is needed.
	allocs := 1.0
	for range 20 {
		allocs = min(allocs, testing.AllocsPerRun(1, write))
	}
	require.LessOrEqual(t, w.longest, 4<<10)
	require.Zero(t, allocs)
}

func TestErrorStays(t *testing.T) {
	w := &writes{left: 10 << 10}
	j := jsonw.New(w)
	j.String(strings.Repeat("x", 1<<20))
	left := w.left
	require.Negative(t, left)
	require.True(t, errors.Is(j.Close(), io.ErrShortWrite))
	require.Equal(t, left, w.left, "nothing was written after the error")
}
