package debugpage

import (
	"fmt"
	"slices"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// warnings say in words what is not as it should be, and what to do.
func warnings(s memacct.Stats) []string {
	m := s.Memory
	all := []string{} // not null in JSON
	add := func(when bool, format string, args ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	part := func(n int64) float64 { return float64(n) / float64(max(1, s.Process)) }
	limited := s.Process > 0

	add(s.Still > 0, "Nothing has moved for %v, with %d units in flight and %d puts that wait: the report (?format=report) says who waits where, and why that may be.", s.Still.Round(time.Second), s.Units, s.Waiters)
	add(s.Mode == memacct.Off, "The mode is off: nothing is accounted and nothing is held back.")
	add(s.Mode == memacct.Shadow, "Shadow mode: nothing is held back; %d puts would have waited so far.", s.WouldWait)
	add(limited && part(m.RSS) > govern.FullLimit, "Resident memory, %s, is above the process limit of %s.", bytesize.Format(m.RSS), bytesize.Format(s.Process))
	add(m.GCLimited, "The limit is held only because the garbage collector runs as much as it may, and memory can still grow past it: raise the limit.")
	add(!m.GCLimited && m.GCCPU > govern.ThrashFrom, "The garbage collector takes %.0f%% of the processors to hold the limit: raise the limit.", 100*m.GCCPU)
	add(m.SizeFactor > govern.SizesOffNow, "Sizes under-report: an accounted byte comes with %.2f bytes of live heap. Check the size functions.", m.SizeFactor)
	add(m.SizeFactor > 0 && m.SizeFactor < 1/govern.SizesOffNow, "Sizes over-report: an accounted byte comes with only %.2f bytes of live heap, so the budget is not used fully. Check the size functions.", m.SizeFactor)
	add(limited && part(m.Pinned) > govern.PinsMuch, "About %s live that are neither content nor were there from the start: a first stage keeps them, or something leaks.", bytesize.Format(m.Pinned))
	add(s.Debt > 0 && s.Mode == memacct.Enforce, "%s are in flight past the limit, by units that grew, charges by name, or a lowered limit: the gates stay shut until they are gone.", bytesize.Format(s.Debt))
	for _, q := range s.Queues {
		asked := slices.ContainsFunc(s.Accounts, func(a memacct.AccountStats) bool { return a.Name == q.Account && a.Growth > 0 })
		add(!asked && q.Growth > govern.GrowsMuch, "Units in %s/%s weigh up to %.1f times what they weighed at the gate, which is charged only then: WithGrowth(%.1f) has the gate charge it.", q.Account, q.Name, q.Growth, q.Growth)
	}
	add(s.Misuse > 0, "%d leases were ended twice, or lost: the events say where.", s.Misuse)
	return all
}
