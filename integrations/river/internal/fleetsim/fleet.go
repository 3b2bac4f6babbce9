package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
)

const (
	pause  = time.Second // a worker holds a job that may not run
	snooze = time.Second // at first
	most   = 4           // doublings of it
)

// fleet is a simulation under way.
type fleet struct {
	policy policy
	jobs   []job
	hosts  []host
	open   []int32 // hosts with a free worker
	queue  events  // jobs that are available
	next   events
	seq    int64
	now    time.Duration
	random *rand.Rand
	tally
}

// play runs all jobs through a policy and returns what is to be told.
func play(s setting, p policy, jobs []job) result {
	f := &fleet{policy: p, jobs: slices.Clone(jobs), hosts: make([]host, s.Hosts), random: rand.New(rand.NewPCG(s.Seed, 2))}
	for i := range f.hosts {
		f.hosts[i] = host{Host: admit.Host{Budget: budget(i), Workers: p.workers(budget(i))}, claim: nobody, free: nobody}
		f.capacity += budget(i)
		f.setFree(int32(i))
	}
	f.last = f.jobs[len(f.jobs)-1].arrived
	f.at(f.jobs[0].arrived, arrives, 0)
	for len(f.next) > 0 {
		e := f.next.pop()
		f.pass(time.Duration(e.at))
		f.happens(e)
		f.fetch()
	}
	return f.result(s)
}

func (f *fleet) at(when time.Duration, do what, j int32) {
	f.seq++
	f.next.push(event{at: int64(when), seq: f.seq, do: do, job: j})
}

func (f *fleet) happens(e event) {
	j := &f.jobs[e.job]
	switch e.do {
	case arrives:
		f.enqueue(e.job)
		if int(e.job)+1 < len(f.jobs) { // one after another, so that the heap stays small
			f.at(f.jobs[e.job+1].arrived, arrives, e.job+1)
		}
	case available:
		f.enqueue(e.job)
	case ends:
		f.end(j)
	case letGo:
		f.leave(j.host)
		if j.elsewhere { // a larger host is a matter of luck, and not of time
			f.at(f.now+snooze, available, e.job)
			break
		}
		f.at(f.now+snooze<<j.snoozes, available, e.job)
		j.snoozes = min(j.snoozes+1, most)
	case asksAgain:
		if j.at == inPlace {
			f.ask(j.host, e.job)
		}
	}
}

// enqueue puts a job where River would: behind those of its priority that are available already.
func (f *fleet) enqueue(j int32) {
	f.seq++
	f.queue.push(event{at: int64(f.jobs[j].Priority), seq: f.seq, job: j})
}

// fetch gives jobs to free workers while there are some of both.
func (f *fleet) fetch() {
	for len(f.queue) > 0 && len(f.open) > 0 {
		h := f.open[f.random.IntN(len(f.open))]
		f.hosts[h].busy++
		f.setFree(h)
		f.ask(h, f.queue.pop().job)
	}
}

// leave frees a worker.
func (f *fleet) leave(h int32) {
	f.hosts[h].busy--
	f.setFree(h)
}

// setFree has a host be among the open ones if it has a free worker.
func (f *fleet) setFree(h int32) {
	host := &f.hosts[h]
	switch is := host.busy < host.Workers; {
	case is && host.free == nobody:
		host.free = len(f.open)
		f.open = append(f.open, h)
	case !is && host.free != nobody:
		last := f.open[len(f.open)-1]
		f.open[host.free], f.hosts[last].free = last, host.free
		f.open, host.free = f.open[:len(f.open)-1], nobody
	}
}

// ask asks for job number n, which has a worker of host number at.
func (f *fleet) ask(at, n int32) {
	h, j := &f.hosts[at], &f.jobs[n]
	h.Claim = nil
	if h.claim != nobody {
		f.wait(&f.jobs[h.claim])
		h.Claim = &f.jobs[h.claim].Job
	}
	f.wait(j)
	a := f.policy.decide(h, j.Job)
	f.count(h, j, a)
	had := h.claim == n
	if had {
		h.claim = nobody
	}
	j.host = at
	switch a.Action {
	case admit.Admit:
		f.start(h, j)
	case admit.Claim:
		if h.claim != nobody {
			f.at(f.now+pause, asksAgain, h.claim)
		}
		h.claim, j.at = n, inPlace
	case admit.Wait:
		j.at, j.elsewhere = queued, a.Reason == admit.Elsewhere
		f.at(f.now+pause, letGo, n)
	case admit.Fail:
		panic("no job is above every budget here")
	}
}

// wait sets how long a job has waited since it asked first.
func (f *fleet) wait(j *job) {
	if j.asked != nobody {
		j.Waited = f.now - j.asked
	}
}

func (f *fleet) start(h *host, j *job) {
	j.at, j.started = running, f.now
	h.used += j.Size
	f.used += j.Size
	if h.used > h.Budget {
		f.over++
	}
	f.worst = max(f.worst, float64(h.used)/float64(h.Budget))
	h.Leases = append(h.Leases, admit.Lease{Job: j.ID, Bytes: j.Size, Group: j.Group})
	f.at(f.now+j.run, ends, int32(j.ID))
}

func (f *fleet) end(j *job) {
	h := &f.hosts[j.host]
	h.used -= j.Size
	f.used -= j.Size
	i := slices.IndexFunc(h.Leases, func(l admit.Lease) bool { return l.Job == j.ID })
	h.Leases[i] = h.Leases[len(h.Leases)-1]
	h.Leases = h.Leases[:len(h.Leases)-1]
	if h.claim != nobody {
		f.ask(j.host, h.claim)
	}
	f.leave(j.host)
}
