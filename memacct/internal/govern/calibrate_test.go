package govern

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The factor is found under noise, with other memory growing meanwhile, and not made up where nothing moves.
func TestCalibrationUnderNoise(t *testing.T) {
	for _, truth := range []float64{0.5, 1, 1.3, 2} {
		r := rand.New(rand.NewPCG(5, 6))
		var c calibration
		for i := range 200 {
			used := r.Float64() * 20 * float64(mib)
			noise := r.NormFloat64() * float64(mib) / 3
			if i%10 == 0 {
				noise += 15 * float64(mib) // a collection that caught something else
			}
			drift := float64(i) * 0.1 * float64(mib)
			c.add(int64(truth*used+noise+drift), int64(used))
		}
		require.InEpsilon(t, truth, c.Factor(), 0.1)
	}
	var still, wild calibration
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		still.add(20*mib+r.Int64N(mib), 10*mib+int64(r.IntN(1000)))
		wild.add(r.Int64N(100*mib), r.Int64N(10*mib))
	}
	require.Zero(t, still.Factor(), "nothing moved")
	require.Zero(t, wild.Factor(), "no two say the same")
	require.Empty(t, SizesText(0))
}

func TestSizesThatAreOffForLongAreToldOnce(t *testing.T) {
	var c calibration
	now, told := time.Now(), 0
	for i := range 200 {
		used := int64(i%5) * 4 * mib
		c.add(2*used, used)
		now = now.Add(time.Second)
		if e, yes := c.Off(now); yes {
			told++
			require.Contains(t, e.Text, "sizes under-report 2.0x")
		}
	}
	require.Equal(t, 1, told)
}

// Sizes are said to be off either way, and to be right where they are off by less than a size class is.
func TestSizesInWords(t *testing.T) {
	for factor, want := range map[float64]string{
		0: "", -1: "", 1: "sizes are right", 1.049: "sizes are right", 0.96: "sizes are right",
		1.05: "sizes under-report 1.1x", 3: "sizes under-report 3.0x", 0.5: "sizes over-report 2.0x",
	} {
		require.Equal(t, want, SizesText(factor), factor)
	}
}

// A factor that is off for a moment is not told, nor one that is off by less than collections themselves are.
func TestSizesThatAreOffBrieflyAreNotTold(t *testing.T) {
	for name, factorAt := range map[string]func(i int) int64{
		"off for a moment": func(i int) int64 { return 10 + 10*int64((i/100)%2) },
		"a little off":     func(int) int64 { return 14 },
	} {
		var c calibration
		now := time.Now()
		for i := range 1000 {
			used := int64(i%5) * 4 * mib
			c.add(factorAt(i)*used/10, used)
			now = now.Add(sizesOffFor / 200)
			_, told := c.Off(now)
			require.False(t, told, name)
		}
	}
}
