package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
)

// tally is what is counted on the way.
type tally struct {
	capacity int64
	used     int64
	area     float64       // byte-seconds used until the last job came
	last     time.Duration // when it came
	over     int           // admissions that took a host past its budget
	worst    float64       // the most a host had of its budget
	asks     int
	gap      time.Duration // the longest between two asks of a job on hosts large enough
	waiting  [5]int        // jobs that asked in vain and wait now, by priority
	came     [5]int        // all that ever did
}

// pass lets time pass.
func (f *fleet) pass(to time.Duration) {
	f.area += float64(f.used) * (min(to, f.last) - min(f.now, f.last)).Seconds()
	f.now = to
}

// count keeps what the bound is made of: who was before the job, and how long it did not ask.
func (f *fleet) count(h *host, j *job, a admit.Answer) {
	f.asks++
	vain := a.Action != admit.Admit
	if j.asked == nobody && vain {
		j.asked, j.asking = f.now, f.now
		for p := range j.Priority + 1 {
			j.elders += f.waiting[p]
		}
		j.elders -= f.above(j) // what comes of it until the job starts counts, too
		f.waiting[j.Priority]++
		f.came[j.Priority]++
	}
	if j.asked == nobody {
		return
	}
	j.crowded = j.crowded || a.Reason == admit.Crowded
	if j.Size <= h.Budget {
		if j.at == queued {
			f.gap = max(f.gap, f.now-j.asking)
		}
		j.asking = f.now
	}
	if !vain {
		j.elders += f.above(j)
		f.waiting[j.Priority]--
	}
}

// above counts the jobs of a higher priority that ever waited.
func (f *fleet) above(j *job) (n int) {
	for p := range j.Priority {
		n += f.came[p]
	}
	return n
}

// result is a line of the table. Times are seconds.
type result struct {
	Policy      string  `json:"policy"`
	Utilisation float64 `json:"utilisation"`   // of all memory, until the last job came
	Seconds     float64 `json:"seconds"`       // until the last job ended
	Over        int     `json:"over_admitted"` // admissions past a host's budget
	Worst       float64 `json:"worst"`         // the most a host had, in budgets
	Wait50      float64 `json:"wait_p50"`
	Wait99      float64 `json:"wait_p99"`
	WaitMost    float64 `json:"wait_max"`
	Large50     float64 `json:"largest_wait_p50"` // of the thousandth part that is largest
	LargeMost   float64 `json:"largest_wait_max"`
	Asks        float64 `json:"asks_per_job"`
	First       float64 `json:"first_wait_max"`    // of jobs that nobody was before
	FirstBound  float64 `json:"first_bound"`       // A + P + R
	OfBound     float64 `json:"wait_of_the_bound"` // the worst wait, in its bounds
	Ask         float64 `json:"ask_gap_max"`       // A
	Run         float64 `json:"run_max"`           // R
}

func (f *fleet) result(s setting) result {
	r := result{
		Policy: f.policy.name, Utilisation: f.area / float64(f.capacity) / f.last.Seconds(), Seconds: f.now.Seconds(),
		Over: f.over, Worst: f.worst, Asks: float64(f.asks) / float64(s.Jobs), Ask: f.gap.Seconds(),
	}
	waits := make([]time.Duration, len(f.jobs))
	for i := range f.jobs {
		waits[i] = f.jobs[i].started - f.jobs[i].arrived
		r.Run = max(r.Run, f.jobs[i].run.Seconds())
	}
	slices.Sort(waits)
	r.Wait50, r.Wait99, r.WaitMost = part(waits, 0.5), part(waits, 0.99), part(waits, 1)
	r.bound(f.jobs)
	slices.SortFunc(f.jobs, func(a, b job) int { return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.ID, b.ID)) })
	waits = waits[:max(s.Jobs/1000, 1)]
	for i := range waits {
		waits[i] = f.jobs[i].started - f.jobs[i].arrived
	}
	slices.Sort(waits)
	r.Large50, r.LargeMost = part(waits, 0.5), part(waits, 1)
	return r
}

// bound compares the waits with package admit's bound.
func (r *result) bound(jobs []job) {
	r.FirstBound = r.Ask + rules.Patience.Seconds() + r.Run
	for _, j := range jobs {
		if j.asked == nobody || j.crowded {
			continue
		}
		waited := (j.started - j.asked).Seconds()
		r.OfBound = max(r.OfBound, waited/(float64(j.elders+1)*r.FirstBound))
		if j.elders == 0 {
			r.First = max(r.First, waited)
		}
	}
}

// part is where a part of the sorted durations is not longer, in seconds.
func part(sorted []time.Duration, p float64) float64 {
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)].Seconds()
}
