package file_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
)

var _ contentmodel.HasArtifacts = (*file.File)(nil)

func TestArtifacts(t *testing.T) {
	files, err := readAll(t, strings.NewReader("iso/disk 1.iso,"+digest+",12\n"))
	require.NoError(t, err)
	sum, err := contentmodel.ParseChecksum("sha256", digest)
	require.NoError(t, err)
	require.Equal(t, []contentmodel.Artifact{{Path: "iso/disk 1.iso", Size: 12, Sum: sum}}, slices.Collect(files[0].Artifacts()))
}
