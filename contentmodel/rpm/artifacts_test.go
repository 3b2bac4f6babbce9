package rpm_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

var _ contentmodel.HasArtifacts = (*rpm.Package)(nil)

func TestArtifacts(t *testing.T) {
	sum, err := contentmodel.ParseChecksum("sha256", id(1))
	require.NoError(t, err)
	for path, p := range map[string]rpm.Package{
		"Packages/h/hello-2.12-1.el9.x86_64.rpm":             {LocationHref: "Packages/h/hello-2.12-1.el9.x86_64.rpm"},
		"https://cdn.example.org/el9/hello.rpm":              {LocationHref: "hello.rpm", LocationBase: "https://cdn.example.org/el9/"},
		"media:1/hello.rpm":                                  {LocationHref: "hello.rpm", LocationBase: "media:1"},
		"https://elsewhere.example.org/hello-2.12-1.el9.rpm": {LocationHref: "https://elsewhere.example.org/hello-2.12-1.el9.rpm", LocationBase: "https://cdn.example.org"},
	} {
		p.PkgID, p.SizePackage = sum, 31337
		require.Equal(t, []contentmodel.Artifact{{Path: path, Size: 31337, Sum: sum}}, slices.Collect(p.Artifacts()))
		p.SizePackage = 0
		require.EqualValues(t, -1, slices.Collect(p.Artifacts())[0].Size, "not known")
	}
	require.Empty(t, slices.Collect(new(rpm.Package).Artifacts()))
}

// TestArtifactsOfMetadata: what a reader makes has them, too.
func TestArtifactsOfMetadata(t *testing.T) {
	repository, err := rpm.Open(t.Context(), repoOf("", []int{1}, []int{1}, []int{1}).write(t), rpm.Options{})
	require.NoError(t, err)
	for p, err := range repository.Packages(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, []contentmodel.Artifact{{Path: "https://cdn.example.org/Packages/pkg1.rpm", Size: 1000, Sum: p.PkgID}}, slices.Collect(p.Artifacts()))
	}
}
