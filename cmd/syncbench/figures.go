package main

import (
	"slices"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// figures are what runs of one kind are compared by, each for itself: the median of the peaks may be of another run than
// that of the times.
type figures struct {
	PeakRSSAnon    float64 `json:"peak_rss_anon_bytes"`
	UnitsPerSecond float64 `json:"units_per_second"`
	Seconds        float64 `json:"seconds"`
	CPU            float64 `json:"cpu_seconds"`
	MeanBatch      float64 `json:"mean_batch"`
	GateWait       float64 `json:"gate_wait_seconds"`
	GCCPU          float64 `json:"gc_cpu_ratio"`
}

// figuresOf reads them off a run. Where resident memory can't be read, it is what the Go runtime says.
func figuresOf(r *result) figures {
	return figures{float64(r.peak()), r.UnitsPerSecond, r.Seconds, r.CPU, r.MeanBatch, r.GateWait, r.GCCPU}
}

// each applies f to every figure of all runs.
func each(all []figures, f func([]float64) float64) figures {
	of := func(get func(figures) float64) float64 {
		values := make([]float64, len(all))
		for i, one := range all {
			values[i] = get(one)
		}
		return f(values)
	}
	return figures{
		of(func(f figures) float64 { return f.PeakRSSAnon }),
		of(func(f figures) float64 { return f.UnitsPerSecond }),
		of(func(f figures) float64 { return f.Seconds }),
		of(func(f figures) float64 { return f.CPU }),
		of(func(f figures) float64 { return f.MeanBatch }),
		of(func(f figures) float64 { return f.GateWait }),
		of(func(f figures) float64 { return f.GCCPU }),
	}
}

// median is the middle one, or the mean of the two in the middle; 0 of none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// ratios divides each figure by that of the same round of another kind of run; what both did at the same time was hit
// alike by what else the machine did.
func ratios(all, by []figures) (peak, speed []float64) {
	for i := range min(len(all), len(by)) {
		if by[i].PeakRSSAnon > 0 && by[i].UnitsPerSecond > 0 {
			peak = append(peak, all[i].PeakRSSAnon/by[i].PeakRSSAnon)
			speed = append(speed, all[i].UnitsPerSecond/by[i].UnitsPerSecond)
		}
	}
	return peak, speed
}

// amountOr prints what may be unknown.
func amountOr(n *int64, unknown string) string {
	if n == nil {
		return unknown
	}
	return bytesize.Format(*n)
}
