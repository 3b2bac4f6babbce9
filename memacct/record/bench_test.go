package record

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// recorder is one of a budget with that many stages.
func recorder(b *testing.B, stages int) *Recorder {
	budget, a := budget(b, 1<<20)
	for i := range stages {
		g := memacct.NewQueue(a, fmt.Sprint("stage-", i), 1000, size)
		for range 10 {
			require.NoError(b, g.Put(b.Context(), 1000+int64(i)))
		}
	}
	return start(b, file(b), budget, Options{Every: time.Hour})
}

// BenchmarkSample is one sample, all of it; BenchmarkStats is the part of it that finds the figures.
func BenchmarkSample(b *testing.B) {
	for _, stages := range []int{3, 30} {
		b.Run(fmt.Sprint("stages=", stages), func(b *testing.B) {
			r := recorder(b, stages)
			b.ReportAllocs()
			before := r.samples.seq
			for b.Loop() {
				r.take()
			}
			require.EqualValues(b, b.N, r.samples.seq-before)
			b.ReportMetric(float64(len(r.frame.buf)), "file-B/op")
		})
	}
}

func BenchmarkStats(b *testing.B) {
	r := recorder(b, 3)
	b.ReportAllocs()
	for b.Loop() {
		r.budget.Stats()
	}
}

// BenchmarkWrite is the rest: making the frame and handing it to the kernel.
func BenchmarkWrite(b *testing.B) {
	r := recorder(b, 3)
	s := r.budget.Stats()
	b.ReportAllocs()
	for b.Loop() {
		r.mu.Lock()
		r.writeSample(&s)
		r.mu.Unlock()
	}
}

// BenchmarkMapped is what BenchmarkWrite would be if the file were mapped: its frame goes into plain memory.
func BenchmarkMapped(b *testing.B) {
	r := recorder(b, 3)
	s := r.budget.Stats()
	mapped := &memory{body: make([]byte, defaultSize), left: -1}
	b.ReportAllocs()
	for b.Loop() {
		r.mu.Lock()
		r.sample.fill(&s)
		r.sample.code(r.begun())
		_ = r.samples.put(mapped, r.id, kindSample, s.At, r.frame.buf)
		r.mu.Unlock()
	}
}

// BenchmarkEvent is one event, written ahead.
func BenchmarkEvent(b *testing.B) {
	r := recorder(b, 3)
	e := memacct.Event{At: time.Now(), Kind: memacct.EventAlarm, Account: "sync", Queue: "units", Bytes: 1, Text: "the working set is at 95 % of the limit"}
	b.ReportAllocs()
	for b.Loop() {
		r.happened(e)
	}
}

// BenchmarkOpen makes the file in full.
func BenchmarkOpen(b *testing.B) {
	budget, _ := budget(b, 1000)
	path := file(b)
	for b.Loop() {
		r, err := Open(path, budget, Options{Logger: quiet()})
		require.NoError(b, err)
		require.NoError(b, r.Close())
	}
}

func BenchmarkRead(b *testing.B) {
	r := recorder(b, 3)
	for range 2000 {
		r.take()
	}
	info, err := os.Stat(r.path)
	require.NoError(b, err)
	b.SetBytes(info.Size())
	for b.Loop() {
		reread(b, r.path)
	}
}
