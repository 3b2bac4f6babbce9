package main

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
)

const (
	mib      = 1 << 20
	smallest = 256 * mib
	largest  = 32 << 30
)

// setting is what a simulation is of.
type setting struct {
	Hosts int     `json:"hosts"`
	Jobs  int     `json:"jobs"`
	Alpha float64 `json:"alpha"`
	Load  float64 `json:"load"`
	Seed  uint64  `json:"seed"`
}

// job is one, with all that is told of it in the end.
type job struct {
	admit.Job
	run       time.Duration
	arrived   time.Duration
	started   time.Duration
	asked     time.Duration // first in vain
	asking    time.Duration // last on a host large enough for it
	host      int32
	snoozes   int8
	at        place
	elsewhere bool // it was last refused as its host is too small
	crowded   bool // it waited for its group
	elders    int  // that were before it, at first those that waited already
}

type place uint8

const (
	queued place = iota
	inPlace
	running
)

// host is one.
type host struct {
	admit.Host
	claim int32 // the job that holds it, or nobody
	busy  int   // workers
	free  int   // its place among those with a free worker, or nobody
	used  int64
}

const nobody = -1

// draw makes the jobs of a setting, in the order in which they come.
func (s setting) draw() []job {
	r := rand.New(rand.NewPCG(s.Seed, 1))
	all := make([]job, s.Jobs)
	area := 0.0
	for i := range all {
		j := &all[i]
		j.ID, j.Size, j.Priority = int64(i), s.size(r.Float64()), [10]int{1, 2, 2, 2, 2, 2, 2, 2, 2, 2}[r.IntN(10)]
		j.Group = "big"
		if r.IntN(2) == 0 {
			j.Group = strconv.Itoa(r.IntN(100))
		}
		rate := 32*mib + r.Float64()*96*mib
		j.run = 10*time.Second + time.Duration(float64(j.Size)/rate*float64(time.Second))
		j.asked = nobody
		area += float64(j.Size) * j.run.Seconds()
	}
	// As far apart as makes them offer the load.
	total := 0.0
	for i := range s.Hosts {
		total += float64(budget(i))
	}
	apart := area / (total * s.Load) / float64(s.Jobs)
	now := 0.0
	for i := range all {
		now += r.ExpFloat64() * apart
		all[i].arrived = time.Duration(now * float64(time.Second))
	}
	return all
}

// size is where a part u of all jobs is smaller: a Pareto law, cut off at the largest.
func (s setting) size(u float64) int64 {
	cut := math.Pow(float64(smallest)/float64(largest), s.Alpha)
	return int64(smallest / math.Pow(1-u*(1-cut), 1/s.Alpha))
}

// budget is that of a host by number.
func budget(i int) int64 {
	return [10]int64{32, 8, 16, 8, 8, 16, 32, 8, 16, 8}[i%10] << 30
}
