package synth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// each calls f with every unit of the spec in text.
func each(t testing.TB, text string, f func(contentmodel.Unit)) {
	s, err := Parse(text)
	require.NoError(t, err)
	n := 0
	for u, err := range s.Units(t.Context()) {
		require.NoError(t, err)
		f(u)
		n++
	}
	require.Equal(t, s.Count, n)
}

// body is the whole of a unit.
func body(t testing.TB, u contentmodel.Unit) string {
	var b bytes.Buffer
	require.NoError(t, u.WriteBody(&b))
	return u.Kind() + u.Key() + b.String()
}

// raceEnabled is set by race_test.go.
var raceEnabled bool

// The generated units have the published distribution: facts measured on the
// archive itself, not on the table the units are drawn from.
func TestDistribution(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("makes 7 million files in one goroutine; go test without -race and -short has it")
	}
	var files, paths []int
	each(t, "rpm-mixed,units=63440,versions=1", func(u contentmodel.Unit) {
		p := u.(*rpm.Package)
		n := 0
		for f := range p.Files.All() {
			n += len(f.Dir) + len(f.Name)
		}
		files, paths = append(files, p.Files.Len()), append(paths, n)
	})
	window := heaviest(paths, 500)
	slices.Sort(files)
	slices.Sort(paths)
	near := func(want, got, within float64, what string, at any) {
		t.Helper()
		t.Logf("%-26s %7v: archive %11.1f here %11.1f", what, at, want, got)
		require.InEpsilon(t, want, got, within, "%s %v", what, at)
	}
	near(116.1, mean(files), 0.02, "files, mean", "")
	near(7487, mean(paths), 0.05, "path bytes, mean", "")
	near(53.2, 100*top(files, 100), 0.03, "files, share of the top", "1 %")
	near(24.9, 100*top(files, 1000), 0.05, "files, share of the top", "0.1 %")
	near(58.0, 100*top(paths, 100), 0.06, "path bytes, share of the top", "1 %")
	near(6.8, window/mean(paths)/500, 0.35, "heaviest 500 in a row, times the mean", "")
	for _, q := range []struct{ at, files, paths float64 }{
		{.05, 3, 141},
		{.10, 4, 178},
		{.25, 6, 262},
		{.50, 11, 572},
		{.75, 36, 1843},
		{.90, 124, 6948},
		{.95, 300, 17451},
		{.98, 851, 52807},
		{.99, 1778, 112132},
		{.995, 2954, 192329},
		{.999, 10796, 814473},
	} {
		near(q.files, float64(files[int(q.at*float64(len(files)))]), 0.1, "files, quantile", q.at)
		near(q.paths, float64(paths[int(q.at*float64(len(paths)))]), 0.2, "path bytes, quantile", q.at)
	}
	near(116010, float64(files[len(files)-1]), 0.05, "files, most", "")
}

func mean(all []int) float64 { return float64(sum(all)) / float64(len(all)) }

func sum(all []int) (n int) {
	for _, v := range all {
		n += v
	}
	return n
}

// top is the share of the largest 1/part, given a sorted list.
func top(all []int, part int) float64 {
	return float64(sum(all[len(all)-len(all)/part:])) / float64(sum(all))
}

// heaviest is the most that n in a row have together.
func heaviest(all []int, n int) float64 {
	now := sum(all[:n])
	most := now
	for i := n; i < len(all); i++ {
		now += all[i] - all[i-n]
		most = max(most, now)
	}
	return float64(most)
}

// The bytes of a source are a promise: the sums below were the same on every
// machine and Go version so far. Who changes them changes every figure that
// was ever measured with the source, and has to say so in the changelog.
func TestUnitsStayTheSame(t *testing.T) {
	for text, want := range golden {
		sum := sha256.New()
		each(t, text, func(u contentmodel.Unit) { sum.Write([]byte(body(t, u))) })
		require.Equal(t, want, fmt.Sprintf("%x", sum.Sum(nil)[:8]), text)
	}
}

// Whatever the order, a run has the same units, and no two with the same key.
func TestOrderDoesNotChangeUnits(t *testing.T) {
	for _, src := range []string{"file-flat,units=500", "deb-index,units=500", "npm-packument,units=500", "rpm-mixed,units=501,files=500", "rpm-evil,units=30,names=3,files=100", "rpm-one-giant,units=100,giant=100KiB,files=500", "ansible,units=5,versions=2", "rpm-modular,units=100,modules=5,files=100"} {
		want := map[string]string{}
		each(t, src, func(u contentmodel.Unit) { want[u.Key()] = body(t, u) })
		for _, o := range orders {
			got := map[string]string{}
			each(t, src+",order="+string(o), func(u contentmodel.Unit) {
				require.NotContains(t, got, u.Key(), "two units with one key")
				got[u.Key()] = body(t, u)
			})
			require.Equal(t, want, got, "%s in order %s", src, o)
		}
		seeded := 0
		each(t, src+",seed=2", func(u contentmodel.Unit) {
			require.NotContains(t, want, u.Key(), "another seed, other units")
			seeded++
		})
	}
}

// Paths are unique in a package, and two versions of a name share 95 % of them.
func TestVersionsShareTheirPaths(t *testing.T) {
	var last map[string]bool
	var name string
	shared, all := 0, 0
	each(t, "rpm-evil,names=3,versions=4,files=5000", func(u contentmodel.Unit) {
		p := u.(*rpm.Package)
		paths := map[string]bool{}
		for f := range p.Files.All() {
			require.True(t, strings.HasPrefix(f.Dir, "/") && strings.HasSuffix(f.Dir, "/"), f.Dir)
			paths[f.Dir+f.Name] = true
			if p.Name == name {
				all++
				if last[f.Dir+f.Name] {
					shared++
				}
			}
		}
		require.Len(t, paths, p.Files.Len())
		require.GreaterOrEqual(t, p.Requires.Len(), 5)
		require.LessOrEqual(t, p.Requires.Len(), 50)
		require.Equal(t, 10, p.Changelogs.Len())
		last, name = paths, p.Name
	})
	require.InDelta(t, 0.95, float64(shared)/float64(all), 0.01)
}

func TestFlatLines(t *testing.T) {
	each(t, "file-flat,units=300", func(u contentmodel.Unit) {
		f := u.(*file.File)
		require.Len(t, fmt.Sprintf("%s,%s,%d", f.Path, f.SHA256, f.Size), lineBytes)
	})
}

// heapOf is how many bytes of heap making and holding a value takes.
func heapOf[T any](f func() T) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(v)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

func TestGiantIsOneAndInPlace(t *testing.T) {
	for _, at := range []int{0, 7, 19} {
		n := 0
		each(t, fmt.Sprintf("rpm-one-giant,units=20,files=100,giant=8MiB,at=%d", at), func(u contentmodel.Unit) {
			require.Equal(t, n == at, u.(*rpm.Package).Files.Len() > 100, "unit %d", n)
			n++
		})
	}
	bytes := heapOf(func() (all []contentmodel.Unit) {
		each(t, "rpm-one-giant,units=1,giant=32MiB", func(u contentmodel.Unit) { all = append(all, u) })
		return all
	})
	require.Greater(t, bytes, int64(32<<20))
	require.Less(t, bytes, int64(32<<20*5/4))
}

// A source keeps nothing of the units it has handed out.
func TestSourceHoldsNothing(t *testing.T) {
	s, err := Parse("rpm-mixed,units=1000000000,files=20")
	require.NoError(t, err)
	n, first := 0, uint64(0)
	for _, err := range s.Units(t.Context()) {
		require.NoError(t, err)
		if n++; n == 100 || n == 20_000 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if first == 0 {
				first = m.HeapAlloc
				continue
			}
			require.InDelta(t, first, m.HeapAlloc, 1<<20)
			break
		}
	}
}

func TestUnitsEnd(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	why := errors.New("enough")
	s, err := Parse("file-flat,units=10")
	require.NoError(t, err)
	n := 0
	for u, err := range s.Units(ctx) {
		if n++; n == 3 {
			cancel(why)
		}
		if n == 4 {
			require.Nil(t, u)
			require.ErrorIs(t, err, why)
		}
	}
	require.Equal(t, 4, n)

	for u, err := range (Spec{Source: "nothing"}).Units(t.Context()) {
		require.Nil(t, u)
		require.ErrorContains(t, err, "no source")
	}
}

func TestQuantilesAtTheEnds(t *testing.T) {
	require.Equal(t, 1, filesAt(0))
	require.Equal(t, 116_010, filesAt(math.MaxUint64))
	last := 0
	for i := range uint64(100_000) {
		n := filesAt(fraction(i, 100_000))
		require.GreaterOrEqual(t, n, last)
		last = n
	}
	for _, n := range []int{1, 2, 3, 3000, maxCount - 1} {
		require.Less(t, pathLengthAt(n, 0), pathLengthAt(n, math.MaxUint64))
	}
}

func Example() {
	s, err := Parse("rpm-mixed,units=3,seed=7")
	if err != nil {
		fmt.Println(err)
		return
	}
	for u, err := range s.Units(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u.Kind(), u.Key()[:8], u.(*rpm.Package).Files.Len())
	}
	// Output:
	// rpm 02e5aab9 12
	// rpm b11d1079 12
	// rpm ea2d25f7 12
}

// BenchmarkUnits makes one unit after the other; MB/s is heap that the unit
// takes, not what was allocated on the way.
func BenchmarkUnits(b *testing.B) {
	for _, text := range []string{"file-flat,units=20000", "deb-index,units=5000", "rpm-mixed,units=5000", "rpm-evil,units=10"} {
		s, err := Parse(text)
		require.NoError(b, err)
		bytes := heapOf(func() (all []contentmodel.Unit) {
			for u := range s.Units(b.Context()) {
				all = append(all, u)
			}
			return all
		})
		b.Run(s.Source, func(b *testing.B) {
			b.SetBytes(bytes)
			for b.Loop() {
				for _, err := range s.Units(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(bytes)/float64(s.Count), "heapB/unit")
		})
	}
}
