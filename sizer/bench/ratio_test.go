package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/syncmem/syncmem/sizer/internal/sample"
)

// BenchmarkRatio measures every sizer in short rounds that take turns, so that what else the
// machine does hits all alike, and reports the median round as a multiple of the hand-written
// method's: for a package, and for one whose type points to itself.
func BenchmarkRatio(b *testing.B) {
	for name, n := range map[string]int{"hot": 1, "many": 2000} {
		b.Run(name, func(b *testing.B) { ratio(b, made(n, sample.New), sizers) })
		b.Run(name+"-versions", func(b *testing.B) { ratio(b, made(n/2+1, sample.NewVersion), versionSizers) })
	}
}

func made[T any](n int, make1 func(int) T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = make1(i)
	}
	return all
}

func ratio[T any](b *testing.B, ps []T, sizers []sizerOf[T]) {
	rounds := make([][]float64, len(sizers))
	for at := 0; b.Loop(); at += 20 {
		for i, s := range sizers {
			start := time.Now()
			for j := range 20 {
				s.size(ps[(at+j+i*len(ps)/len(sizers))%len(ps)]) // each finds its own content cold
			}
			rounds[i] = append(rounds[i], float64(time.Since(start)))
		}
	}
	for i, s := range sizers {
		b.ReportMetric(median(rounds[i])/median(rounds[0]), s.name+"/hand")
	}
	b.ReportMetric(median(rounds[0])/20, "hand-ns")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
