package memacct

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Charge accounts for n bytes that are in no queue, such as a cache or a parser's table, and returns the function
// that gives them back. It never waits; what goes past the limit is debt and keeps the gates shut. A unit that fits
// beside everything but such charges is refused once nothing is in flight: nobody knows when they will end. The
// returned function may be called more than once and does nothing after the first time.
func (a *Account) Charge(n int64) (release func()) {
	if a == nil || a.b.mode == Off {
		return func() {}
	}
	if n < 0 {
		panic(fmt.Sprintf("memacct: account %q: Charge(%d): call the function that the first Charge returned to give bytes back", a.acct.Name, n))
	}
	n = min(n, core.MaxCharge)
	a.charge(n)
	done := false
	return func() {
		a.b.enter()
		if !done {
			done = true
			a.chargeLocked(-n)
		}
		a.b.leave()
	}
}

func (a *Account) charge(n int64) {
	a.b.enter()
	a.chargeLocked(n)
	a.b.leave()
}

// chargeLocked charges n bytes by name, or gives them back where n is negative.
func (a *Account) chargeLocked(n int64) {
	if g := a.b.gov; g != nil && g.steers {
		a.acct.ChargeBeside(n)
		return
	}
	a.acct.Charge(n)
}

// Hold is memory that an aggregate keeps of many units: results, an index, what an archive will consist of. It is a
// charge with a name that grows with the aggregate, and the name stands in errors, statistics, pages and metrics. Where
// the budget follows a process it leaves the gates no less than the same bytes would that nobody charged. Its methods
// may be called from several goroutines; those of a nil Hold do nothing.
type Hold struct {
	a     *Account
	name  string
	bytes int64 // guarded by the budget's lock
	over  bool
}

// Hold opens a hold of no bytes yet; Release ends it. Several may have the same name: their bytes are told together. A
// nil account, and one of a budget that is off, has none.
func (a *Account) Hold(name string) *Hold {
	if a == nil || a.b.mode == Off {
		return nil
	}
	h := &Hold{a: a, name: name}
	a.b.enter()
	defer a.b.leaveQuietly()
	a.holds = append(a.holds, h)
	return h
}

// Add adds n bytes, or gives back so many where n is negative, down to none. It never waits: what goes past the
// limit is debt and keeps the gates shut. It costs about as much as a put that need not wait, so a call for each unit
// is fine. After Release it does nothing.
func (h *Hold) Add(n int64) {
	if h == nil {
		return
	}
	h.a.b.enter()
	defer h.a.b.leave()
	if !h.over {
		h.setLocked(h.bytes + max(min(n, core.MaxCharge), -core.MaxCharge))
	}
}

// Set has the hold be of n bytes, which must not be negative.
func (h *Hold) Set(n int64) {
	if n < 0 {
		panic(fmt.Sprintf("memacct: hold %q: Set(%d): bytes can't be negative", h.label(), n))
	}
	if h == nil {
		return
	}
	h.a.b.enter()
	defer h.a.b.leave()
	if !h.over {
		h.setLocked(n)
	}
}

// setLocked charges the difference.
func (h *Hold) setLocked(n int64) {
	n = min(max(n, 0), core.MaxCharge)
	h.a.chargeLocked(n - h.bytes)
	h.bytes = n
}

// Bytes returns what is charged now.
func (h *Hold) Bytes() int64 {
	if h == nil {
		return 0
	}
	h.a.b.enter()
	defer h.a.b.leaveQuietly()
	return h.bytes
}

// Release gives everything back and ends the hold. It may be called more than once.
func (h *Hold) Release() {
	if h == nil {
		return
	}
	h.a.b.enter()
	defer h.a.b.leave()
	if !h.over {
		h.setLocked(0)
		h.over = true
		h.a.holds = slices.DeleteFunc(h.a.holds, func(o *Hold) bool { return o == h })
	}
}

func (h *Hold) label() string {
	if h == nil {
		return ""
	}
	return h.a.acct.Name + "/" + h.name
}

// HoldStats is what holds of one name have, in bytes.
type HoldStats struct {
	Name  string
	Bytes int64
}

// heldLocked lists the account's holds that have something, by name, the largest first.
func (a *Account) heldLocked() (all []HoldStats) {
	for _, h := range a.holds {
		if h.bytes == 0 {
			continue
		}
		i := slices.IndexFunc(all, func(s HoldStats) bool { return s.Name == h.name })
		if i < 0 {
			all = append(all, HoldStats{Name: h.name})
			i = len(all) - 1
		}
		all[i].Bytes += h.bytes
	}
	slices.SortStableFunc(all, func(x, y HoldStats) int { return cmp.Compare(y.Bytes, x.Bytes) })
	return all
}
