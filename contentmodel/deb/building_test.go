package deb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

var errFull = errors.New("no memory")

// upTo tells what it was told, and says no to more than most.
func upTo(most int64, told *[]int64) func(int64) error {
	return func(bytes int64) error {
		*told = append(*told, bytes)
		if bytes > most {
			return errFull
		}
		return nil
	}
}

func TestWhatAParagraphWeighsIsTold(t *testing.T) {
	big := strings.TrimSuffix(stanza("big"), "\n") + strings.Repeat("X-Long: "+strings.Repeat("x", 1000)+"\n", 400) + "\n"
	var told []int64
	n := 0
	for _, err := range (deb.Options{Building: upTo(1<<30, &told)}).ReadPackages("x", strings.NewReader(stanza("a")+big+stanza("b"))) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
	require.InDelta(t, 400<<10/(32<<10), len(told), 2, "each 32 KiB")

	told = nil
	var err error
	for _, err = range (deb.Options{SkipBad: 9, Building: upTo(100<<10, &told)}).ReadPackages("x", strings.NewReader(stanza("a")+big+stanza("b"))) {
	}
	require.ErrorIs(t, err, errFull)
	require.Regexp(t, `^x:\d+: while the paragraph that begins at line \d+ was read: no memory$`, err.Error())
	_, bad := errors.AsType[*contentmodel.InputError](err)
	require.False(t, bad)
}

func TestWhatFilesWeighIsTold(t *testing.T) {
	var contents strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&contents, "usr/share/%08d/name-%d\tutils/a\n", i*7919%100_000_000, i)
	}
	s := suite{
		"main/binary-amd64/Packages": archStanza("a", "amd64") + archStanza("b", "amd64"),
		"main/Contents-amd64.gz":     gz(t, contents.String()),
	}
	var told []int64
	_, _, err := filesOf(t, s, deb.RepositoryOptions{Options: deb.Options{Building: upTo(1<<30, &told)}})
	require.NoError(t, err)
	require.Greater(t, len(told), 5)
	told = nil
	_, _, err = filesOf(t, s, deb.RepositoryOptions{Options: deb.Options{Building: upTo(200<<10, &told)}})
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, `main/Contents-amd64: while the files of the package "a" were read: no memory`)
}
