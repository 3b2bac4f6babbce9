package contentmodel_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/syncmem/syncmem/contentmodel"
)

func TestDigestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := contentmodel.Digest(sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "data")))
		for _, s := range []string{want.String(), strings.ToUpper(want.String()), fmt.Sprintf("%x", want[:])} {
			got, err := contentmodel.ParseDigest(s)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		text, err := json.Marshal(map[string]contentmodel.Digest{"d": want})
		require.NoError(t, err)
		require.Equal(t, `{"d":"`+want.String()+`"}`, string(text))
		var back map[string]contentmodel.Digest
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, want, back["d"])
	})
}

func TestDigestErrors(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	for in, want := range map[string]string{
		"":                       "want 64 hex digits, have 0 characters",
		zeros[1:]:                "have 63 characters",
		strings.Repeat("0", 200): "have 200 characters (\"" + zeros,
		zeros[:62] + "0g":        `"0g" is no pair of hex digits, at character 63`,
		"é" + zeros[2:]:          `is no pair of hex digits, at character 1`,
	} {
		d, err := contentmodel.ParseDigest(in)
		require.ErrorContains(t, err, want)
		require.True(t, d.IsZero())
		require.Less(t, len(err.Error()), 200)
	}
	d := contentmodel.Digest{1}
	require.Error(t, d.UnmarshalText([]byte("x")))
	require.Equal(t, contentmodel.Digest{1}, d, "left as it was")
	require.Equal(t, d.String(), d.Checksum().String())
	require.Empty(t, contentmodel.Digest{}.Checksum())
}

func TestInputError(t *testing.T) {
	stream := &contentmodel.InputError{Name: "a.gz", Err: errors.ErrUnsupported, Remedy: "do this"}
	require.EqualError(t, stream, "a.gz: unsupported operation; do this")
	at := contentmodel.AtLine("other", 7, stream)
	require.EqualError(t, at, "a.gz:7: unsupported operation; do this")
	require.ErrorIs(t, at, errors.ErrUnsupported)
	require.Zero(t, stream.Line, "the original is left alone")
	require.EqualError(t, contentmodel.AtLine("b", 2, errors.ErrUnsupported), "b:2: unsupported operation")
}

func ExampleParseDigest() {
	_, err := contentmodel.ParseDigest("abc")
	fmt.Println(err)
	// Output: not a SHA-256: want 64 hex digits, have 3 characters ("abc")
}
