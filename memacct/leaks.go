package memacct

import (
	"strings"
	"sync/atomic"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// leaks is the error for a budget that still has units, nil if it has none.
func (b *Budget) leaks() error {
	in := b.inspect(true)
	if in.sum.Units == 0 && in.sum.Used == 0 {
		return nil
	}
	e := &LeakError{Units: in.sum.Units, Bytes: in.sum.Used, Held: in.held(InHand, Detached, Reserved), Stuck: in.goroutines}
	for _, q := range in.queues {
		if q.Queued+q.InHand > 0 {
			e.Holders = append(e.Holders, q.QueueStats)
		}
	}
	for _, a := range in.accounts {
		if a.Named > 0 {
			if e.Charges == nil {
				e.Charges = map[string]int64{}
			}
			e.Charges[a.Name] += a.Named
		}
	}
	var s text.Screen
	s.Lines = append(s.Lines, e.Error())
	in.fill(&s)
	e.report = s.String()
	b.emit(Event{Kind: EventLeak, Bytes: e.Bytes, Text: strings.TrimPrefix(e.report, "memacct: "), attrs: in.attrs(nil)})
	return e
}

// misuse counts mistakes of the program that cost nothing but a report.
type misuse struct {
	doubleEnds, lost atomic.Int64
}

// reportMisuse reports the second end of a lease, with both places.
func (b *Budget) reportMisuse(how string, q *core.Queue, second, first uintptr) {
	b.misuse.doubleEnds.Add(1)
	b.emitOnce(stacks.FileLine(second), Event{
		Kind: EventMisuse, Account: q.Account.Name, Queue: q.Name,
		Text: how + " of a lease that had ended: at " + stacks.FileLine(second) + ", ended before at " + stacks.FileLine(first),
	})
}

// reportLost reports something charged, a lease or a reservation, that was collected before it ended; how says how
// it came to be where.
func (b *Budget) reportLost(q *core.Queue, what string, bytes int64, how string, where uintptr) {
	b.misuse.lost.Add(1)
	b.emitOnce(stacks.FileLine(where), Event{
		Kind: EventLeak, Account: q.Account.Name, Queue: q.Name, Bytes: bytes,
		Text: what + " of " + bytesize.Format(bytes) + " was lost, " + how + " at " + stacks.FileLine(where) + "; its charge is given back",
	})
}
