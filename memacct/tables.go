package memacct

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
)

var queueHead = []string{"queue", "queued", "bytes", "in hand", "bytes", "parked", "waiting", "bytes"}

// row is the queue's in a table.
func (q QueueStats) row() []string {
	f := bytesize.Format
	return []string{
		q.label(), fmt.Sprintf("%d/%d", q.Queued, q.Capacity), f(q.QueuedBytes), fmt.Sprint(q.InHand), f(q.InHandBytes),
		fmt.Sprint(q.Parked), fmt.Sprint(q.Waiters), f(q.WaiterBytes),
	}
}

// bytes is what is in it or waits for it.
func (q QueueStats) bytes() int64 { return q.QueuedBytes + q.InHandBytes + q.WaiterBytes }

func (q QueueStats) label() string { return q.Account + "/" + q.Name }

// accountRows are a table of accounts; of a single one without named charges its queues say all.
func accountRows(all []AccountStats) [][]string {
	if len(all) == 1 && all[0].Named == 0 {
		return nil
	}
	f := bytesize.Format
	rows := [][]string{{"account", "in use", "units", "named", "floor", "peak"}}
	for _, a := range all {
		rows = append(rows, []string{a.Name, f(a.Used), fmt.Sprint(a.Units), a.NamedText(), f(a.Floor), f(a.Peak)})
	}
	return rows
}

// goroutineRows are a table of who is where, those at work first.
func goroutineRows(all []Goroutine) (rows [][]string) {
	rank := []Doing{Works, Started, Puts, Takes}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y Goroutine) int {
		return cmp.Or(slices.Index(rank, x.Doing)-slices.Index(rank, y.Doing), strings.Compare(x.Stage, y.Stage))
	})
	for _, g := range all {
		if g.Where == "" && g.Doing == Works {
			continue // it only waits for the workers of its stage
		}
		n := ""
		if g.Count > 1 {
			n = fmt.Sprintf(" x%d", g.Count)
		}
		rows = append(rows, []string{"stage", g.Stage + n, string(g.Doing), strings.TrimSpace(short(g.Where) + state(g))})
	}
	return rows
}

// short leaves out the middle of a function's name that would make a line too long. The place stays whole.
func short(where string) string {
	const most = 40
	at := strings.LastIndexByte(where, ' ')
	if at <= most {
		return where
	}
	return strings.ToValidUTF8(where[:most/2]+"..."+where[at-most/2+3:], "")
}

// state is what the runtime says of a goroutine, in brackets.
func state(g Goroutine) string {
	s := strings.TrimSuffix(g.State, " (durable)")
	if g.Wait > 0 {
		s += ", " + text.About(g.Wait)
	}
	if s == "" {
		return ""
	}
	return " [" + s + "]"
}
