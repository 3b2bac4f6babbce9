package memacct

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/syncmem/syncmem/internal/text"
)

// untakenAfter is how long a put may wait at a queue that no loop was ever started over, before that is told. A program
// that starts its stages one after the other has done so by then.
const untakenAfter = 3 * time.Second

// filled is a queue that was filled and that no loop takes from, and a put that waits there.
type filled struct {
	q     *queueInfo
	goid  uint64
	stage string
	waits time.Duration
	units int
}

// untakenLocked finds the queues, not told yet, at which a put has waited for long though no loop has ever taken from them:
// in a program that fills a queue first and starts to drain it once all is there, as it could with a slice. It waits
// for ever once that is more than the queue, or the budget, can hold. soon says that there may be some later. Who wants
// no watch on stalls is told nothing.
func (b *Budget) untakenLocked(now time.Time) (all []filled, soon bool) {
	if b.stall.tick == 0 {
		return nil, false
	}
	for _, a := range b.owners {
		for _, i := range a.queues {
			units, _ := i.q.Ready()
			if i.taken || i.untaken || units == 0 {
				continue
			}
			for w := range i.q.Line() {
				p, ok := w.Note.(*waitInfo)
				if !ok || p.since.IsZero() {
					continue
				}
				soon = true
				if d := now.Sub(p.since); d >= untakenAfter {
					i.untaken = true
					all = append(all, filled{i, p.goid, p.stage, d, units})
					break
				}
			}
		}
	}
	return all, soon
}

// tellUntaken tells of such queues, and where the puts are.
func (b *Budget) tellUntaken(all []filled) {
	if len(all) == 0 {
		return
	}
	in := b.inspect(false)
	for _, f := range all {
		name := f.q.q.Account.Name + "/" + f.q.q.Name
		put := "the put"
		if f.stage != "" {
			put = fmt.Sprintf("the put of %q", f.stage)
		}
		l := attrList{slog.String("cause", string(causeUntaken)), slog.Int("units", f.units)}
		if g := in.goroutine(f.goid); g != nil && g.Where != "" {
			put += " at " + g.Where
			l.text("place", g.Where)
		}
		todo := "start the loop over " + name + " before it is filled: in a goroutine of its own"
		l.text("todo", todo)
		b.emit(Event{
			Kind: EventStall, Account: f.q.q.Account.Name, Queue: f.q.q.Name,
			Text:  fmt.Sprintf("nobody takes: %s has waited for %s behind %s in %s, and no loop has taken any since it was made: %s", put, text.About(f.waits), text.Count(f.units, "unit"), name, todo),
			attrs: l,
		})
	}
}
