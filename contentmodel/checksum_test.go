package contentmodel_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
)

func TestChecksum(t *testing.T) {
	for kind, digits := range map[string]int{"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128} {
		hex := strings.Repeat("aF", digits/2)
		c, err := contentmodel.ParseChecksum(strings.ToUpper(kind), hex)
		require.NoError(t, err, kind)
		require.Equal(t, kind, c.Type())
		require.Equal(t, strings.ToLower(hex), c.String())
		require.Equal(t, digits/2, c.New().Size())
		same, err := contentmodel.ParseChecksum("", []byte(hex))
		require.NoError(t, err)
		require.Equal(t, c, same)
		_, err = contentmodel.ParseChecksum(kind, hex[1:])
		require.ErrorContains(t, err, "not a ")
	}
	sha, err := contentmodel.ParseChecksum("sha", strings.Repeat("0", 40))
	require.NoError(t, err)
	require.Equal(t, "sha1", sha.Type())
	require.Nil(t, contentmodel.Checksum("").New())
	require.Empty(t, contentmodel.Checksum("").Type())
}

func TestChecksumRefused(t *testing.T) {
	for _, c := range []struct{ kind, s, want string }{
		{"", "", "has 0 characters"},
		{"", strings.Repeat("0", 63), "has 63 characters"},
		{"", strings.Repeat("0", 65), "has 65 characters"},
		{"", strings.Repeat("0", 1000), "has 1000 characters"},
		{"sha256", strings.Repeat("0", 40), "not a sha256: has 40 characters"},
		{"crc32", "00", "checksums of type \"crc32\" are not supported"},
		{"sha1", strings.Repeat("0", 38) + "0x", `"0x" is no pair of hex digits, at character 39`},
	} {
		_, err := contentmodel.ParseChecksum(c.kind, c.s)
		require.ErrorContains(t, err, c.want)
	}
}
