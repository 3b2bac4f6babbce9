package rpm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/sizer"
)

// giant is package 2 of three with so many more of everything that can be many.
func giant(orders [3][]int, dependencies, files, logs int) repo {
	many := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	into := func(text, part, end, more string) string {
		before, after, _ := strings.Cut(text, part)
		return before + part + strings.Replace(after, end, more+end, 1)
	}
	r := repoOf(".gz", orders[0], orders[1], orders[2])
	r.primary = into(r.primary, "<name>pkg2</name>", "</rpm:requires>", many(dependencies, func(i int) string {
		return fmt.Sprintf(`<rpm:entry name="libgiant-%08d.so()(64bit)"/>`, i*7919)
	}))
	r.filelists = into(r.filelists, `name="pkg2"`, "</package>", many(files, func(i int) string {
		return fmt.Sprintf("<file>/usr/share/%08d/name-%d</file>", i*7919, i)
	}))
	r.other = into(r.other, `name="pkg2"`, "</package>", many(logs, func(i int) string {
		return fmt.Sprintf(`<changelog author="%08d" date="%d">- fixes %d of them</changelog>`, i*7919, i, i)
	}))
	return r
}

var (
	inOrder  = [3][]int{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}
	outOrder = [3][]int{{1, 2, 3}, {2, 1, 3}, {3, 2, 1}}
)

// weigh reads a repository, and what was told of each package on the way.
func weigh(t *testing.T, r repo, tell func(bytes int64) error) (last map[string]int64, calls int, err error) {
	last = map[string]int64{}
	var told int64
	repository, err := rpm.Open(t.Context(), r.write(t), rpm.Options{TempDir: t.TempDir(), Building: func(bytes int64) error {
		require.Greater(t, bytes, told)
		calls++
		told = bytes
		return tell(bytes)
	}})
	require.NoError(t, err)
	for p, err := range repository.Packages(t.Context()) {
		if err != nil {
			return last, calls, err
		}
		if weight := sizer.Of(p); told > 0 {
			require.InDelta(t, weight, told, 128<<10, "what was told last is the package but for the steps")
		}
		last[p.Name], told = told, 0
	}
	return last, calls, nil
}

func TestWhatAPackageWeighsIsTold(t *testing.T) {
	yes := func(int64) error { return nil }
	for name, r := range map[string]repo{
		"dependencies": giant(inOrder, 50_000, 0, 0),
		"files":        giant(inOrder, 0, 50_000, 0),
		"changelogs":   giant(inOrder, 0, 0, 50_000),
		"all":          giant(inOrder, 20_000, 20_000, 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			last, calls, err := weigh(t, r, yes)
			require.NoError(t, err)
			require.Zero(t, last["pkg1"]+last["pkg3"], "small ones are not told of")
			require.Greater(t, last["pkg2"], int64(500<<10))
			require.Greater(t, calls, 10)
			require.LessOrEqual(t, int64(calls), last["pkg2"]>>15)
		})
	}
}

// A list that waits in the temporary file is told of when it is put there, and again when it is wanted.
func TestWhatAPackageInAnotherOrderWeighsIsTold(t *testing.T) {
	var told []int64
	repository, err := rpm.Open(t.Context(), giant(outOrder, 0, 50_000, 50_000).write(t), rpm.Options{
		TempDir: t.TempDir(), Building: func(bytes int64) error { told = append(told, bytes); return nil },
	})
	require.NoError(t, err)
	most := map[string]int64{}
	for p, err := range repository.Packages(t.Context()) {
		require.NoError(t, err)
		for _, n := range told {
			most[p.Name] = max(most[p.Name], n)
		}
		told = nil
	}
	require.Greater(t, most["pkg1"], int64(300<<10), "the list of another was built on the way to its own")
	require.Greater(t, most["pkg2"], int64(600<<10))
	require.Zero(t, most["pkg3"])
}

// TestBuildingIsStopped: the error comes out as it is, with its place, and is no fault of the input's.
func TestBuildingIsStopped(t *testing.T) {
	full := errors.New("no memory")
	for at, r := range map[string]repo{
		"primary.xml.gz":   giant(inOrder, 50_000, 0, 0),
		"filelists.xml.gz": giant(inOrder, 0, 50_000, 0),
		"other.xml.gz":     giant(inOrder, 0, 0, 50_000),
	} {
		{
			_, _, err := weigh(t, r, func(bytes int64) error {
				if bytes > 300<<10 {
					return full
				}
				return nil
			})
			require.ErrorIs(t, err, full)
			require.Regexp(t, at+`: at byte \d{6,}: while the package "pkg2" was read: no memory$`, err.Error())
			_, bad := errors.AsType[*contentmodel.InputError](err)
			require.False(t, bad)
		}
	}
	repository, err := rpm.Open(t.Context(), giant(inOrder, 50_000, 0, 0).write(t), rpm.Options{SkipBad: 9, Building: func(int64) error { return full }})
	require.NoError(t, err)
	for _, e := range repository.Packages(t.Context()) {
		err = e
	}
	require.ErrorIs(t, err, full, "and leaves nothing out")
}
