package admit

import (
	"fmt"
	"slices"
	"time"
)

// A world is a small fleet over the real rules: workers that fetch jobs in any order, claimants that ask again, runs that
// end, and an environment that lets time pass, kills hosts and changes budgets. Its steps are the transactions of package
// memriver, one each, so that their interleavings are those that happen there.
type world struct {
	sc    *scenario
	hosts []mhost
	jobs  []mjob
	line  []int // the jobs that wait, in the order in which they asked first
	kills int   // how many hosts were killed
	later int   // how many of the scenario's later budgets are in force
}

// scenario describes a fleet and its jobs.
type scenario struct {
	name  string
	hosts []mhost
	jobs  []Job
	again []int   // jobs that come again for ever as soon as they end: a stream
	later []int64 // budgets of the first host, each from any moment on
	kills int     // how many times a host dies, at any moment
}

type mhost struct {
	budget  int64
	workers int
	claim   int // the number of the job that holds it, or nobody
}

const nobody = -1

type mjob struct {
	at        place
	host      int
	impatient bool
}

type place uint8

const (
	queued  place = iota
	inPlace       // waits in a worker, with the claim or since it had it
	running
	ended
)

// patience is the rule's; who waits has waited for longer, or for nearly nothing.
const patience = time.Hour

func newWorld(sc *scenario) *world {
	w := &world{sc: sc, jobs: make([]mjob, len(sc.jobs)), hosts: slices.Clone(sc.hosts)}
	for i := range w.hosts {
		w.hosts[i].claim = nobody
	}
	return w
}

func (w *world) clone() *world {
	n := *w
	n.hosts, n.jobs, n.line = slices.Clone(w.hosts), slices.Clone(w.jobs), slices.Clone(w.line)
	return &n
}

// key renders everything that what happens next depends on.
func (w *world) key() string {
	key := []byte{byte(w.kills), byte(w.later)}
	for _, h := range w.hosts {
		key = append(key, byte(h.claim))
	}
	for _, j := range w.jobs {
		key = append(key, byte(j.at), byte(j.host))
		if j.impatient {
			key = append(key, '!')
		}
	}
	for _, j := range w.line {
		key = append(key, byte(j))
	}
	return string(key)
}

// job is what the rules see of one.
func (w *world) job(j int) Job {
	out := w.sc.jobs[j]
	out.ID = int64(j) + 1
	if i := slices.Index(w.line, j); i >= 0 {
		out.Waited = time.Duration(len(w.line) - i)
	}
	if w.jobs[j].impatient {
		out.Waited += patience
	}
	return out
}

// host is what the rules see of one.
func (w *world) host(h int) Host {
	out := Host{Budget: w.hosts[h].budget, Workers: w.hosts[h].workers}
	for j, s := range w.jobs {
		if s.at == running && s.host == h {
			spec := w.sc.jobs[j]
			out.Leases = append(out.Leases, Lease{Job: int64(j) + 1, Bytes: spec.Size, Group: spec.Group, Alone: spec.Alone})
		}
	}
	if c := w.hosts[h].claim; c != nobody {
		job := w.job(c)
		out.Claim = &job
	}
	return out
}

func (w *world) largest() (n int64) {
	for _, h := range w.hosts {
		n = max(n, h.budget)
	}
	return n
}

// busy counts the workers of a host that have a job.
func (w *world) busy(h int) (n int) {
	for _, s := range w.jobs {
		if s.host == h && (s.at == running || s.at == inPlace) {
			n++
		}
	}
	return n
}

// step is one thing that may happen next.
type step struct {
	name string
	do   func(w *world, decide rule) error
}

// rule is Decide, or a wrong one.
type rule func(Rules, int64, Host, Job) Answer

// steps lists all that may happen next.
func (w *world) steps() (all []step) {
	for j, s := range w.jobs {
		switch s.at {
		case queued:
			for h := range w.hosts {
				if w.busy(h) < w.hosts[h].workers {
					all = append(all, step{fmt.Sprintf("host %d fetches job %d", h, j), func(w *world, d rule) error { return w.ask(d, h, j) }})
				}
			}
		case inPlace:
			all = append(all, step{fmt.Sprintf("job %d asks again", j), func(w *world, d rule) error { return w.ask(d, s.host, j) }})
		case running:
			all = append(all, step{fmt.Sprintf("job %d ends", j), func(w *world, _ rule) error { w.end(j); return nil }})
		}
	}
	if i := slices.IndexFunc(w.line, func(j int) bool { return !w.jobs[j].impatient }); i >= 0 {
		all = append(all, step{"time passes", func(w *world, _ rule) error { w.jobs[w.line[i]].impatient = true; return nil }})
	}
	if w.later < len(w.sc.later) {
		all = append(all, step{"the budget changes", func(w *world, _ rule) error {
			w.hosts[0].budget = w.sc.later[w.later]
			w.later++
			return nil
		}})
	}
	for h := range w.hosts {
		if w.kills < w.sc.kills && w.busy(h) > 0 {
			all = append(all, step{fmt.Sprintf("host %d dies", h), func(w *world, _ rule) error { w.kill(h); return nil }})
		}
	}
	return all
}

func (w *world) end(j int) {
	w.jobs[j] = mjob{at: ended}
	if slices.Contains(w.sc.again, j) {
		w.jobs[j] = mjob{}
	}
}

func (w *world) kill(h int) {
	w.kills++
	for j, s := range w.jobs {
		if s.host == h && (s.at == running || s.at == inPlace) {
			w.jobs[j] = mjob{impatient: s.impatient}
		}
	}
	w.hosts[h].claim = nobody
}

// ask is one transaction: the decision, and what it changes.
func (w *world) ask(decide rule, h, j int) error {
	if !slices.Contains(w.line, j) {
		w.line = append(w.line, j) // it waits from now on, if only for a moment
	}
	view, job := w.host(h), w.job(j)
	answer := decide(Rules{Patience: patience}, w.largest(), view, job)
	if err := w.judge(h, view, job, answer); err != nil {
		return err
	}
	host := &w.hosts[h]
	if host.claim == j {
		host.claim = nobody
	}
	switch answer.Action {
	case Admit:
		w.leave(j, mjob{at: running, host: h})
	case Fail:
		w.leave(j, mjob{at: ended})
	case Claim:
		w.jobs[j].at, w.jobs[j].host, host.claim = inPlace, h, j
	case Wait:
		w.jobs[j].at, w.jobs[j].host = queued, 0
	}
	return nil
}

func (w *world) leave(j int, to mjob) {
	w.jobs[j] = to
	w.line = slices.DeleteFunc(w.line, func(o int) bool { return o == j })
}
