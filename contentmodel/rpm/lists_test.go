package rpm_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// word draws short words that have much in common, and now and then a huge one.
func word(t *rapid.T) string {
	if rapid.IntRange(0, 200).Draw(t, "huge") == 0 {
		return strings.Repeat("x", rapid.IntRange(1, 100<<10).Draw(t, "length"))
	}
	return rapid.OneOf(rapid.SampledFrom([]string{"", "0", "a", "/", "/usr/", "/usr/share/", "dir", "ghost", "EQ", "GE", "usr", "\xff", "\x80/é"}), rapid.String()).Draw(t, "word")
}

// checkList packs what was drawn and takes it apart again.
func checkList[E, L any](t *rapid.T, draw func(*rapid.T) E, pack func(...E) L, unpack func(L) (int, []E)) {
	want := rapid.SliceOfN(rapid.Custom(draw), 0, 300).Draw(t, "list")
	l := pack(want...)
	n, got := unpack(l)
	require.Equal(t, len(want), n)
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
	require.Equal(t, l, pack(got...))
	var none L
	require.Equal(t, none, pack())
}

func TestLists(t *testing.T) {
	t.Run("files", rapid.MakeCheck(func(t *rapid.T) {
		checkList(t, func(t *rapid.T) rpm.File { return rpm.File{Type: word(t), Dir: word(t), Name: word(t)} }, rpm.NewFiles,
			func(l rpm.Files) (int, []rpm.File) { return l.Len(), slices.Collect(l.All()) })
	}))
	t.Run("dependencies", rapid.MakeCheck(func(t *rapid.T) {
		checkList(t, func(t *rapid.T) rpm.Dependency {
			return rpm.Dependency{word(t), word(t), word(t), word(t), word(t), rapid.Bool().Draw(t, "pre")}
		}, rpm.NewDependencies, func(l rpm.Dependencies) (int, []rpm.Dependency) { return l.Len(), slices.Collect(l.All()) })
	}))
	t.Run("changelogs", rapid.MakeCheck(func(t *rapid.T) {
		checkList(t, func(t *rapid.T) rpm.Changelog {
			return rpm.Changelog{word(t), rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, math.MinInt64, math.MaxInt64})).Draw(t, "date"), word(t)}
		}, rpm.NewChangelogs, func(l rpm.Changelogs) (int, []rpm.Changelog) { return l.Len(), slices.Collect(l.All()) })
	}))
}

// TestPaths: a path that was added whole comes back whole, and as directory and name.
func TestPaths(t *testing.T) {
	var b rpm.FilesBuilder
	want := []string{"/", "/etc", "/etc/passwd", "plain", "", "/a/b/"}
	for range 5000 { // several pieces
		for _, p := range want {
			b.AddPath("", []byte(p))
		}
	}
	files := b.List()
	require.Equal(t, 5000*len(want), files.Len())
	i := 0
	for kind, path := range files.Paths() {
		require.Equal(t, want[i%len(want)], string(path))
		require.Empty(t, kind)
		i++
	}
	require.Equal(t, 5000*len(want), i)
	for f := range files.All() {
		require.Equal(t, rpm.File{Dir: "/"}, f)
		break
	}
	require.Zero(t, b.List().Len(), "the builder is empty again")
}

func TestListsStop(t *testing.T) {
	files := rpm.NewFiles(rpm.File{Name: "a"}, rpm.File{Name: "b"})
	for range files.Paths() {
		break
	}
	for range rpm.NewDependencies(rpm.Dependency{Name: "a"}, rpm.Dependency{Name: "b"}).All() {
		break
	}
	for range rpm.NewChangelogs(rpm.Changelog{}, rpm.Changelog{}).All() {
		break
	}
}

func ExampleFiles() {
	files := rpm.NewFiles(
		rpm.File{Type: "dir", Dir: "/usr/share/", Name: "hello"},
		rpm.File{Dir: "/usr/share/hello/", Name: "README"},
	)
	fmt.Println(files.Len())
	for f := range files.All() {
		fmt.Printf("%q %s%s\n", f.Type, f.Dir, f.Name)
	}
	// Output:
	// 2
	// "dir" /usr/share/hello
	// "" /usr/share/hello/README
}
