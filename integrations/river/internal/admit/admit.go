package admit

import "time"

// Job is one that asks, or that holds a claim.
type Job struct {
	ID       int64
	Size     int64  // bytes, at least 1
	Group    string // "" is none
	Priority int    // as River has them: 1 goes first
	Waited   time.Duration
	Alone    bool // it gets the whole host
}

// before is the one order of jobs that wait.
func (j Job) before(o Job) bool {
	switch {
	case j.Priority != o.Priority:
		return j.Priority < o.Priority
	case j.Waited != o.Waited:
		return j.Waited > o.Waited
	}
	return j.ID < o.ID
}

// Lease is what a running job has of its host.
type Lease struct {
	Job   int64
	Bytes int64
	Group string
	Alone bool
}

// Host is a machine as the one who decides sees it.
type Host struct {
	Budget  int64 // bytes; what it had before may have been more
	Workers int   // how many jobs may run at once; 0 is unknown, and groups are not counted
	Leases  []Lease
	Claim   *Job // the job that waits there
}

// used returns the bytes that running jobs have.
func (h Host) used() (n int64) {
	for _, l := range h.Leases {
		n += l.Bytes
	}
	return n
}

// fits reports whether j can run beside what runs.
func (h Host) fits(j Job) bool {
	for _, l := range h.Leases {
		if l.Alone {
			return false
		}
	}
	if j.Alone {
		return len(h.Leases) == 0
	}
	return j.Size <= h.Budget-h.used()
}

// Rules are the same for all hosts.
type Rules struct {
	Patience   time.Duration // a claimant that waited longer is passed by nobody after it
	GroupShare float64       // of the workers of a host, what one group may have; 0 is all but the last one
}

// most returns how many workers of a host one group may have.
func (r Rules) most(workers int) int {
	if r.GroupShare > 0 {
		workers = min(int(r.GroupShare*float64(workers)), workers-1)
	} else {
		workers--
	}
	return max(workers, 1)
}

// crowded reports whether the group of j has all the workers of h that it may have. A claimant that comes after j counts
// for nothing: j takes its place.
func (r Rules) crowded(h Host, j Job) bool {
	if j.Group == "" || h.Workers == 0 {
		return false
	}
	n := 0
	for _, l := range h.Leases {
		if l.Group == j.Group {
			n++
		}
	}
	if c := h.Claim; c != nil && c.Group == j.Group && c.ID != j.ID && c.before(j) {
		n++
	}
	return n >= r.most(h.Workers)
}

// Action is what becomes of a job that asked.
type Action uint8

// Admit runs it now, Claim has it wait on its host, which keeps room for it, Wait puts it back into the queue,
// and Fail ends it.
const (
	Admit Action = iota
	Claim
	Wait
	Fail
)

func (a Action) String() string { return [...]string{"admit", "claim", "wait", "fail"}[a] }

// Reason says what a job waits for, in words for a page.
type Reason string

// The reasons.
const (
	Memory    Reason = "memory"         // running jobs have it
	Behind    Reason = "another job"    // room is kept for Answer.Behind, which goes first
	Crowded   Reason = "its group"      // which has all the workers that it may have
	Elsewhere Reason = "a larger host"  // this one's budget is too small
	TooLarge  Reason = "nothing at all" // every host's budget is too small
)

// Answer is the decision about one job.
type Answer struct {
	Action Action
	Reason Reason // "" if it was admitted
	Behind int64  // the job that goes first, 0 if that isn't it
}

// Decide answers job j, which asks on host h. The largest of all hosts' budgets tells whether there is any sense in
// waiting; hosts that are away for a moment count for it. If j was the claimant of h it is so no more unless the answer is
// Claim; if another was, that one is no more if it is, and asks again to learn so.
func Decide(r Rules, largest int64, h Host, j Job) Answer {
	switch {
	case j.Size > max(largest, h.Budget):
		return Answer{Action: Fail, Reason: TooLarge}
	case j.Size > h.Budget:
		return Answer{Action: Wait, Reason: Elsewhere}
	case r.crowded(h, j):
		return Answer{Action: Wait, Reason: Crowded}
	}
	fits := h.fits(j)
	if c := h.Claim; c != nil && c.ID != j.ID && c.before(j) && !(fits && r.mayPass(j, *c)) {
		return Answer{Action: Wait, Reason: Behind, Behind: c.ID}
	}
	if fits {
		return Answer{Action: Admit}
	}
	return Answer{Action: Claim, Reason: Memory}
}

// mayPass reports whether j, which comes after claimant c, may have room that c can't use yet.
func (r Rules) mayPass(j, c Job) bool {
	return j.Priority == c.Priority && c.Waited < r.Patience
}
