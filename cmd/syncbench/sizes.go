package main

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/sizer"
)

// sizes are what the units of a run weighed at the gate. It is used by many goroutines.
type sizes struct {
	mu       sync.Mutex
	kinds    map[string]*kindSizes
	steps    [64 * stepsOfTwo]int64 // units, by stepOf their bytes
	heaviest []heavy                // the heaviest first
}

// kindSizes are the units of one kind. Amounts are bytes.
type kindSizes struct {
	Units   int64 `json:"units"`
	Bytes   int64 `json:"bytes"`
	Largest int64 `json:"largest_bytes"`
}

// mean is the mean unit, in bytes.
func (k kindSizes) mean() float64 { return float64(k.Bytes) / float64(max(k.Units, 1)) }

// sizeStep is how many units weigh from so many bytes on, up to the next step.
type sizeStep struct {
	From  int64 `json:"from_bytes"`
	Units int64 `json:"units"`
}

// heavy is one of the heaviest units.
type heavy struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

const (
	// stepsOfTwo are the steps from one power of two to the next.
	stepsOfTwo = 4
	// mostHeavy are the heaviest units that are named, with mostNamed bytes of each name.
	mostHeavy = 10
	mostNamed = 200
)

// weigh is the size function of a run: it notes what it answers. A unit is weighed once, when it is put.
func (s *sizes) weigh(u contentmodel.Unit) int64 {
	n := sizer.Of(u)
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := u.Kind()
	k := s.kinds[kind]
	if k == nil {
		if s.kinds == nil {
			s.kinds = map[string]*kindSizes{}
		}
		k = new(kindSizes)
		s.kinds[kind] = k
	}
	k.Units++
	k.Bytes += n
	k.Largest = max(k.Largest, n)
	s.steps[stepOf(n)]++
	if len(s.heaviest) < mostHeavy || n > s.heaviest[len(s.heaviest)-1].Bytes {
		s.name(u, kind, n)
	}
	return n
}

// name puts a unit among the heaviest. What is kept of it must not keep the unit alive.
func (s *sizes) name(u contentmodel.Unit, kind string, n int64) {
	name := nameOf(u)
	h := heavy{kind, strings.Clone(name[:min(len(name), mostNamed)]), n}
	at, _ := slices.BinarySearchFunc(s.heaviest, n, func(h heavy, n int64) int { return cmp.Compare(n, h.Bytes) })
	s.heaviest = slices.Insert(s.heaviest, at, h)
	s.heaviest = s.heaviest[:min(len(s.heaviest), mostHeavy)]
}

// nameOf is what a person knows a unit by: its key may say nothing.
func nameOf(u contentmodel.Unit) string {
	if s, ok := u.(fmt.Stringer); ok {
		return s.String()
	}
	return u.Key()
}

// stepOf is the step that so many bytes are in: two bits behind the first.
func stepOf(n int64) int {
	if n < stepsOfTwo {
		return int(max(n, 0))
	}
	high := bits.Len64(uint64(n)) - 3
	return high*stepsOfTwo + int(n>>high)
}

// stepFrom is the least number of bytes in a step.
func stepFrom(step int) int64 {
	if step < 2*stepsOfTwo {
		return int64(step)
	}
	high := step/stepsOfTwo - 1
	return int64(step%stepsOfTwo+stepsOfTwo) << high
}

// addTo puts what was noted into a result.
func (s *sizes) addTo(r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Kinds, r.Heaviest = s.kinds, s.heaviest
	for step, units := range s.steps {
		if units > 0 {
			r.Sizes = append(r.Sizes, sizeStep{stepFrom(step), units})
		}
	}
}
