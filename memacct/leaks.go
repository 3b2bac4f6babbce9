package memacct

import (
	"strings"

	"github.com/syncmem/syncmem/internal/text"
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
