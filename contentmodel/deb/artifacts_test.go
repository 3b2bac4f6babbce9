package deb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

var (
	_ contentmodel.HasArtifacts = (*deb.Package)(nil)
	_ contentmodel.HasArtifacts = (*deb.Source)(nil)
)

func sum(t testing.TB, hex string) contentmodel.Checksum {
	s, err := contentmodel.ParseChecksum("", hex)
	require.NoError(t, err)
	return s
}

// TestArtifacts: the strongest checksum that can be read counts.
func TestArtifacts(t *testing.T) {
	strong := strings.Repeat("0a", 64)
	for name, c := range map[string]struct {
		fields string
		want   contentmodel.Checksum
	}{
		"sha256":      {"SHA256: " + digest, sum(t, digest)},
		"sha512":      {"SHA512: " + strong, sum(t, strong)},
		"both":        {"SHA256: " + digest + "\nMD5sum: " + strings.Repeat("0", 32) + "\nSHA512: " + strong, sum(t, strong)},
		"broken next": {"SHA256: " + digest + "\nSHA512: x", sum(t, digest)},
	} {
		pkgs, err := readAll(t, strings.NewReader("Package: hello\nVersion: 2.10-3\nArchitecture: amd64\n"+
			"Filename: ./pool/main/h/hello/hello_2.10-3_amd64.deb\nSize: 53128\n"+c.fields+"\n"))
		require.NoError(t, err, name)
		require.Equal(t, []contentmodel.Artifact{{Path: "pool/main/h/hello/hello_2.10-3_amd64.deb", Size: 53128, Sum: c.want}}, slices.Collect(pkgs[0].Artifacts()), name)
	}
}

func TestArtifactsOfASource(t *testing.T) {
	all, err := readSources(sources("x", "1")+strings.Replace(sources("y", "1"), "Directory: pool/main/y", "Directory: .", 1), deb.Options{})
	require.NoError(t, err)
	require.Equal(t, []contentmodel.Artifact{
		{Path: "pool/main/x/x.dsc", Size: 12, Sum: sum(t, digest)},
		{Path: "pool/main/x/x.orig.tar.xz", Size: 34, Sum: sum(t, strings.Repeat("ab", 32))},
	}, slices.Collect(all[0].Artifacts()))
	for a := range all[1].Artifacts() {
		require.Equal(t, "y.dsc", a.Path)
		break
	}
}
