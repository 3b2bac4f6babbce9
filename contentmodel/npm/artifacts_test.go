package npm_test

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/npm"
)

var _ contentmodel.HasArtifacts = (*npm.Version)(nil)

func TestArtifacts(t *testing.T) {
	weak, strong := sha1.Sum([]byte("hello")), sha512.Sum512([]byte("hello"))
	in1, in512 := "sha1-"+base64.StdEncoding.EncodeToString(weak[:]), "sha512-"+base64.StdEncoding.EncodeToString(strong[:])
	for name, c := range map[string]struct {
		integrity, shasum string
		want              []byte
	}{
		"integrity":       {in512, hex.EncodeToString(weak[:]), strong[:]},
		"several":         {in1 + " " + in512 + "?opt " + in1, "", strong[:]},
		"an old version":  {"", hex.EncodeToString(weak[:]), weak[:]},
		"of another kind": {"sha256-" + in512[7:] + " blake3-AAAA", hex.EncodeToString(weak[:]), weak[:]},
		"broken":          {"sha512-! sha512 -", "", nil},
		"none":            {"", "", nil},
	} {
		v := &npm.Version{Tarball: "https://registry.example.org/hello/-/hello-1.0.0.tgz", Integrity: c.integrity, Shasum: c.shasum}
		require.Equal(t, []contentmodel.Artifact{{Path: v.Tarball, Size: -1, Sum: contentmodel.Checksum(c.want)}}, slices.Collect(v.Artifacts()), name)
	}
	require.Empty(t, slices.Collect((&npm.Version{Integrity: in512}).Artifacts()))
}
