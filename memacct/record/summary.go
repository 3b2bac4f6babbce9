package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// Holding is a part of the resident memory at the end, in bytes.
type Holding struct {
	Who   Holder `json:"who"`
	Bytes int64  `json:"bytes"`
}

// Holder is who holds memory, in one word.
type Holder string

// The holders of memory.
const (
	Accounted   Holder = "accounted"   // content in flight, or charged by name
	Waiting     Holder = "waiting"     // units built whose put waits at a gate
	Pinned      Holder = "pinned"      // alive, but no content that was ever put, and not there from the start
	Baseline    Holder = "baseline"    // alive when the budget was opened
	Outside     Holder = "outside_go"  // other allocators, mapped memory
	Uncollected Holder = "uncollected" // dead, or new since the last collection; stacks and the runtime's own
)

// holders says of each what it is, and what it looks like when it is the largest.
var holders = map[Holder]struct{ words, looks string }{
	Accounted:   {"accounted", "most is content in flight: set a lower limit, or see whether the sizes are too small (sizertest)"},
	Waiting:     {"waiting at the gates", "most is units that are built but wait at the gate: the first stage should Reserve before it reads"},
	Pinned:      {"pinned outside the queues", "most is pinned outside the queues: the first stage keeps it, or there is a leak"},
	Baseline:    {"there from the start", "most was there before the budget was opened: the limit is small for this program"},
	Outside:     {"outside Go", "most is memory that Go does not know of, such as cgo or mapped files: leave it room"},
	Uncollected: {"not collected yet", "most is heap that was new or dead since the last collection: it grew faster than it was collected; set GOMEMLIMIT to the limit, and see who allocates"},
}

// Holdings splits the resident memory at the last sample, the largest part first. What is pinned is an
// estimate: what lived and was none of the content of the last three samples.
func (r *Record) Holdings() []Holding {
	if len(r.Samples) == 0 {
		return []Holding{}
	}
	s := r.last()
	inGo := s.Used + s.Waiting + r.pinned() + min(s.Baseline, s.Live)
	all := []Holding{
		{Accounted, s.Used},
		{Waiting, s.Waiting},
		{Pinned, r.pinned()},
		{Baseline, min(s.Baseline, s.Live)},
		{Outside, s.Outside},
		{Uncollected, max(0, s.resident()-s.Outside-inGo)},
	}
	slices.SortStableFunc(all, func(a, b Holding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all
}

// pinned is what lived at the last collection less the most that was content about then, so that content that
// was released since is not taken for it; or the budget's own estimate if that is more. Both lag behind.
func (r *Record) pinned() int64 {
	var content int64
	for _, s := range tail(r.Samples, latest) {
		content = max(content, s.Used+s.Waiting)
	}
	s := r.last()
	return max(0, s.Live-content-s.Baseline, s.Pinned-s.Waiting)
}

// latest is how many samples are looked at for what changes from one to the next.
const latest = 3

// nearLimit is the part of the limit from which on memory is the likely cause of an end.
const nearLimit = 0.85

// Summary says in a few sentences what the end of the record looks like.
func (r *Record) Summary() string {
	if len(r.Samples) == 0 {
		return "There is no sample: the process ended at once, or the file is damaged."
	}
	s := r.last()
	var text strings.Builder
	rise, rising := r.rise(), ""
	if rise > s.Process/10 {
		rising = ", and rising fast"
	}
	text.WriteString("At the last sample " + s.ofLimit() + " resident" + rising + ": " + r.parts() + ". ")
	switch full := s.Process > 0 && float64(s.resident()+rise) >= nearLimit*float64(s.Process); {
	case full || r.Ended == Killed && s.Process == 0:
		text.WriteString("It looks like this: " + holders[r.Holdings()[0].Who].looks + r.largestStage() + ".")
	case r.Ended == Killed:
		fmt.Fprintf(&text, "There was room. If the kernel killed the process for memory, then it grew within %v after that, "+
			"or something else filled the cgroup; the kernel's log says which.", r.Every)
	default:
		text.WriteString("There was room.")
	}
	return text.String()
}

// rise is by how much the resident memory grew over the last three samples: as much again may have come after.
func (r *Record) rise() int64 {
	return max(0, r.last().resident()-tail(r.Samples, latest)[0].resident())
}

// ofLimit is how much of what was resident.
func (s *Sample) ofLimit() string {
	f := bytesize.Format
	if s.Process > 0 {
		return fmt.Sprintf("%s of %s were", f(s.resident()), f(s.Process))
	}
	return f(s.resident()) + " were"
}

// parts lists who held how much, leaving out what does not matter.
func (r *Record) parts() string {
	var all []string
	for _, h := range r.Holdings() {
		if h.Bytes >= r.last().resident()/100 {
			all = append(all, bytesize.Format(h.Bytes)+" "+holders[h.Who].words)
		}
	}
	return strings.Join(all, ", ")
}

// largestStage names the stage that has most of the content, if content is what there is most of.
func (r *Record) largestStage() string {
	stages := r.last().byBytes()
	if len(stages) == 0 || r.Holdings()[0].Who != Accounted {
		return ""
	}
	return fmt.Sprintf("; %s/%s has %s of it", stages[0].Account, stages[0].Queue, bytesize.Format(stages[0].Bytes()))
}

// byBytes are the stages, the largest first.
func (s *Sample) byBytes() []Stage {
	return slices.SortedStableFunc(slices.Values(s.Stages), func(a, b Stage) int { return cmp.Compare(b.Bytes(), a.Bytes()) })
}
