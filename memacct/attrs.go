package memacct

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// The bounds of what a log record says of a report. The whole report is in [Event.Text], on the live page and in
// [Budget.Report]; a record is one line, and a log pipeline cuts those that are too long.
const (
	loggedQueues  = 8
	loggedHolders = 4
	loggedPlaces  = 8
	loggedCauses  = 3
)

// attrs is the refusal as attributes: amounts as numbers of bytes, what else there is in groups.
func (e *BudgetError) attrs() []slog.Attr {
	var l attrList
	l.text("reason", string(e.Reason))
	l.number("limit_bytes", e.Limit)
	l.number("used_bytes", e.Used)
	l.number("units", int64(e.Units))
	l.number("named_bytes", e.Named)
	l.number("waiting_bytes", e.Waiting)
	l.number("unread_bytes", e.Unread)
	l.number("debt_bytes", e.Debt)
	l.number("floors_bytes", e.Floors)
	l.number("live_bytes", e.LiveHeap)
	l.number("baseline_bytes", e.Baseline)
	l.number("beside_bytes", e.Beside)
	l.number("pinned_bytes", e.Pinned)
	l.number("process_bytes", e.Process)
	l.number("need_bytes", e.Need)
	l.number("outside_bytes", e.Outside)
	l.text("todo", strings.TrimSuffix(e.remedy(), "."))
	l.queues(e.Queues)
	l.usages("holds", oldest(e.Top, loggedHolders))
	l.places(e.Stuck)
	return l
}

// attrs is what the budget holds, as attributes; causes are why nothing moves, the likeliest first.
func (in *snapshot) attrs(causes []cause) []slog.Attr {
	var l attrList
	if len(causes) > 0 {
		l.text("cause", string(causes[0].kind))
		l.text("todo", causes[0].todo)
		l.list("other_causes", loggedCauses, len(causes)-1, func(i int) string {
			c := causes[i+1]
			return string(c.kind) + ": " + c.text
		})
	}
	l.number("limit_bytes", in.sum.Limit)
	l.number("used_bytes", in.sum.Used)
	l.number("units", int64(in.sum.Units))
	l.number("waiting_bytes", in.sum.Waiting)
	l.number("waiting_puts", int64(in.sum.Waiters))
	l.number("debt_bytes", in.sum.Debt)
	queues := make([]QueueStats, len(in.queues))
	for i, q := range in.queues {
		queues[i] = q.QueueStats
	}
	l.queues(queues)
	l.usages("holds", in.held(InHand, Detached, Reserved))
	l.places(in.goroutines)
	return l
}

// queues adds a group for each queue that has something, the fullest first.
func (l *attrList) queues(all []QueueStats) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y QueueStats) int { return cmp.Compare(y.bytes(), x.bytes()) })
	var groups attrList
	more := 0
	for _, q := range all {
		var one attrList
		one.number("queued_units", int64(q.Queued))
		one.number("queued_bytes", q.QueuedBytes)
		one.number("in_hand_units", int64(q.InHand))
		one.number("in_hand_bytes", q.InHandBytes)
		one.number("parked_units", int64(q.Parked))
		one.number("waiting_puts", int64(q.Waiters))
		one.number("waiting_bytes", q.WaiterBytes)
		switch {
		case len(one) == 0:
		case len(groups) == loggedQueues:
			more++
		default:
			one.number("slots", int64(q.Capacity))
			groups.group(q.label(), one)
		}
	}
	groups.number("more", int64(more))
	l.group("queues", groups)
}

func (l *attrList) usages(key string, all []Usage) {
	l.list(key, loggedHolders, len(all), func(i int) string { return all[i].String() })
}

// places adds where the goroutines are.
func (l *attrList) places(all []Goroutine) {
	rows := goroutineRows(all)
	l.list("places", loggedPlaces, len(rows), func(i int) string {
		return fmt.Sprintf("%s %s %s", rows[i][1], rows[i][2], rows[i][3])
	})
}
