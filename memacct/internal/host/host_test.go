package host

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A clock that is set back must not have anything wait until it is there again.
func TestAClockThatWasSetBack(t *testing.T) {
	require.Equal(t, time.Duration(math.MaxInt64), Since(time.Now().Add(time.Hour).Round(0)))
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		time.Sleep(3 * time.Second)
		require.Equal(t, 3*time.Second, Since(at))
	})
}

// GOGC that is off, or huge, must leave a divisor that is finite.
func TestGOGCIsBounded(t *testing.T) {
	before := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(before)
	for percent, want := range map[int]float64{-1: 400, 100_000: 400, 400: 400, 50: 50, 0: 0} {
		debug.SetGCPercent(percent)
		require.Equal(t, want, GOGC(), percent)
	}
}

// The figures of one reading must agree with each other, since the law adds and subtracts them.
func TestAReadingAgreesWithItself(t *testing.T) {
	runtime.GC()
	s := This.ReadMemory()
	require.Positive(t, s.Live)
	require.Positive(t, s.Cycles)
	require.GreaterOrEqual(t, s.Mapped, s.NonHeap)
	require.Positive(t, s.NonHeap)
	require.GreaterOrEqual(t, s.NonHeap, s.Stacks)
	require.Positive(t, s.Stacks)
	require.GreaterOrEqual(t, s.Allocs, s.Objects)
	require.Equal(t, runtime.GOMAXPROCS(0), s.Procs)
	require.GreaterOrEqual(t, s.Goal, s.Live/2)
	if runtime.GOOS == "linux" {
		require.Positive(t, s.RSS)
		require.Positive(t, This.Machine())
		require.Less(t, This.Machine(), int64(math.MaxInt64))
	}
	block := make([]byte, 8<<20)
	require.GreaterOrEqual(t, HeapObjects(), s.Objects/2)
	require.GreaterOrEqual(t, This.ReadMemory().Allocs, s.Allocs+int64(len(block)))
	runtime.KeepAlive(block)
}

// What a pool keeps is alive for one collection more, and not beside the content: a baseline must not have it.
func TestTheTrueHeapHasNoPools(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection of its own would be the one that leaves it alive
	const size, blocks = 1 << 20, 32
	TrueHeap()
	before := TrueHeap()
	var pool sync.Pool
	for range blocks { // with the race detector a pool drops one in four
		pool.Put(new([size]byte))
	}
	with := LiveHeap()
	require.Greater(t, with-before, int64(size*blocks)/4, "one collection does not free it")
	require.Less(t, TrueHeap()-before, int64(size*blocks)/4)
	runtime.KeepAlive(&pool)
}

// Those that ask while the heap is measured share the next measurement: never one that began before they asked.
func TestMeasurementsAreShared(t *testing.T) {
	n, begun, goOn := int64(0), make(chan struct{}, 2), make(chan struct{})
	m := heapMeter{measure: func() int64 {
		n++
		mine := n
		begun <- struct{}{}
		<-goOn
		return mine
	}}
	asked := func() int64 {
		m.asked.Lock()
		defer m.asked.Unlock()
		return m.seq
	}
	var all sync.WaitGroup
	got := make([]int64, 10)
	all.Go(func() { got[0] = m.read() })
	<-begun
	for i := range got[1:] {
		all.Go(func() { got[i+1] = m.read() })
	}
	for asked() < int64(len(got)) {
		runtime.Gosched()
	}
	close(goOn)
	all.Wait()
	require.EqualValues(t, 1, got[0])
	for _, g := range got[1:] {
		require.EqualValues(t, 2, g)
	}
	require.EqualValues(t, 2, n)
}
