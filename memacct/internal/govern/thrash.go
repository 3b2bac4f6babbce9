package govern

import (
	"fmt"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// gcShare is how much of the processors the collector took of late.
type gcShare struct {
	at      [16]time.Time // of the last collections
	cpu     [16]float64   // seconds it had taken by then
	n       int
	Share   float64
	since   time.Time // when it began to be much; zero if it is not
	told    bool
	toldAt  time.Time
	Limited bool  // the runtime gave the limit up of late
	limiter int64 // last collection in which it did
	until   int64 // collection up to which that counts as of late
	first   parts // where memory went that is not content, at the first reading
}

// add takes the readings after a collection.
func (s *gcShare) add(now host.Sample) {
	i := s.n % len(s.at)
	first := 0 // the oldest reading kept
	if s.n >= len(s.at) {
		first = i
	}
	if s.n > 0 {
		if d := now.At.Sub(s.at[first]).Seconds(); d > 0 {
			s.Share = min(1, (now.GCCPU-s.cpu[first])/d/float64(max(1, now.Procs))) // the oldest reading may have come late
		}
		if now.Limiter > s.limiter {
			s.until = now.Cycles + int64(len(s.at))
		}
	}
	if s.n == 0 {
		s.first = partsOf(now, 0, 0) // what lives beside the content is known later
	}
	s.limiter, s.Limited = now.Limiter, now.Cycles < s.until
	s.at[i], s.cpu[i] = now.At, now.GCCPU
	s.n++
}

// Thrash is the warning that the limit is held only because the collector runs nearly all the time, once an
// onset. Where no memory limit hurries the collector more than the law of the governor does, which fills a higher limit
// with more content, it is the program that allocates much, and no higher limit would help.
func (g *Law) Thrash(now host.Sample) (Notice, bool) {
	s := &g.GC
	hurried := float64(now.Goal) < 0.9*float64(now.Live)*min(limitedGrowth, 1+now.GOGC/100)
	much := (s.Share > ThrashFrom || s.Limited) && hurried
	if much && s.since.IsZero() {
		s.since = now.At
	}
	switch {
	case s.Share < thrashEnd && !s.Limited || !hurried:
		s.since, s.told = time.Time{}, false
	case much && !s.told && (now.At.Sub(s.since) >= ThrashOver || s.Limited) && (s.toldAt.IsZero() || now.At.Sub(s.toldAt) >= tellEvery):
		s.told, s.toldAt = true, now.At
		how := fmt.Sprintf("by collecting garbage nearly all the time: %.0f%% of all CPU goes there", 100*s.Share)
		if s.Share <= ThrashFrom { // of late; the runtime looks at shorter times
			how = "for now: collecting garbage took half of the processor, and so the Go runtime let its memory limit go for a moment"
		}
		return Notice{Kind: thrashes, Bytes: g.Process, Text: fmt.Sprintf(
			"the limit of %s is held only %s, with %s of a heap of %s alive%s; raise the limit to %s or more",
			bytesize.Format(g.Process), how, bytesize.Format(now.Live), bytesize.Format(now.Goal),
			g.parts(now).text(s.first, g.Process), bytesize.Format(g.roomy(now)))}, true
	}
	return Notice{}, false
}

// Holds reports whether nothing but the collector holds the limit now: it has taken much for ThrashOver, hurried by the
// limit, or the runtime gave the limit up of late; and it was at work a moment ago.
func (s *gcShare) Holds(now time.Time) bool {
	if s.n == 0 || s.since.IsZero() {
		return false
	}
	last := s.at[(s.n-1)%len(s.at)]
	return (last.Sub(s.since) >= ThrashOver || s.Limited) && now.Sub(last) < thrashStale
}

// roomy is the process limit at which collecting would take a tolerable part. What it takes is in inverse
// proportion to the room that the heap has to grow between collections, and GOGC's is the most of that.
func (g *Law) roomy(now host.Sample) int64 {
	room := max(now.Goal-now.Live, bytesize.MiB)
	want := int64(float64(room) * max(1.2, g.GC.Share/thrashEnd))
	most := int64(float64(now.Live) * now.GOGC / 100)
	return g.Process + max(min(want, most)-room, g.Process/10)
}
