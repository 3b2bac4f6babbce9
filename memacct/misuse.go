package memacct

import (
	"sync/atomic"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

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
