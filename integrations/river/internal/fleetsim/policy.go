package main

import (
	"time"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
)

// policy says how many workers a host has, and answers a job that asks.
type policy struct {
	name    string
	workers func(budget int64) int
	decide  func(h *host, j admit.Job) admit.Answer
}

var rules = admit.Rules{Patience: 30 * time.Second, GroupShare: 0.5}

// policies are those to compare. A count for the worst case has a worker for as many of the largest jobs as fit, one for
// the mean for as many of the mean.
func policies(mean int64) []policy {
	return []policy{
		{"memory", perJob(smallest), byMemory},
		{"memory, no claims", perJob(smallest), func(h *host, j admit.Job) admit.Answer {
			a := byMemory(h, j)
			if a.Action == admit.Claim {
				a.Action = admit.Wait
			}
			return a
		}},
		{"count, by the mean", perJob(mean), anyway},
		{"count, by the worst", perJob(largest), anyway},
	}
}

func byMemory(h *host, j admit.Job) admit.Answer { return admit.Decide(rules, largest, h.Host, j) }

func perJob(size int64) func(int64) int {
	return func(budget int64) int { return int(max(budget/size, 1)) }
}

func anyway(*host, admit.Job) admit.Answer { return admit.Answer{Action: admit.Admit} }
