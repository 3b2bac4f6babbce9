package main

// event is something that will happen to a job.
type event struct {
	at  int64 // in virtual nanoseconds; for jobs in the queue, priority first
	seq int64 // of two at one time the one made first is first
	do  what
	job int32
}

type what uint8

const (
	arrives   what = iota
	ends           // its run
	asksAgain      // in its worker, where it waits
	letGo          // by the worker that had it in vain
	available      // after a snooze
)

// events is a binary heap. That of the standard library takes twice as long, for an interface each.
type events []event

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

func (h *events) push(e event) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0 && s[i].before(s[(i-1)/2]); i = (i - 1) / 2 {
		s[i], s[(i-1)/2] = s[(i-1)/2], s[i]
	}
}

func (h *events) pop() event {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if s[c].before(s[least]) {
				least = c
			}
		}
		if least == i {
			break
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
	*h = s
	return top
}
