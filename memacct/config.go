package memacct

import (
	"log/slog"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// Mode says how much a budget does.
type Mode uint8

// The modes. Shadow is the safe first deployment: it charges and counts, in [Stats].WouldWait, the puts that
// would have waited, and never makes one wait. Off neither charges nor calls size functions.
const (
	Enforce Mode = iota
	Shadow
	Off
)

// String returns the mode as MEMACCT_MODE spells it.
func (m Mode) String() string {
	return [...]string{"enforce", "shadow", "off"}[m]
}

// Policy says what happens to a unit that still does not fit when nothing is left to drain. The zero value
// is Fail.
type Policy struct {
	overrun int64
}

// Fail refuses such a unit with a [*BudgetError].
func Fail() Policy { return Policy{} }

// Overrun admits such units one at a time, each at most max bytes past the limit, and refuses larger ones.
func Overrun(max int64) Policy { return Policy{overrun: max} }

// String returns the policy as MEMACCT_POLICY spells it.
func (p Policy) String() string {
	if p.overrun <= 0 {
		return "fail"
	}
	return "overrun:" + bytesize.Exact(p.overrun)
}

// GoLimit says what a budget with a process limit does with the Go runtime's own memory limit, of which there is one in
// a process. With one below the process limit, and room for what the runtime does not see, the collector works as hard
// as it must. Without, the heap may grow to twice what lives in it: the budget for content is half as large, and
// collections are forced where memory runs out between two of them.
type GoLimit uint8

// What it does. Auto sets a limit where neither the application nor GOMEMLIMIT did: what they set is left alone. Set keeps
// it below the process limit in any case, never above what they set. Keep never sets it.
const (
	GoLimitAuto GoLimit = iota
	GoLimitSet
	GoLimitKeep
)

// String returns it as MEMACCT_GOMEMLIMIT spells it.
func (g GoLimit) String() string {
	return [...]string{"auto", "set", "keep"}[g]
}

// Config says what a budget is. The zero value works: the limit is found out, the policy is to fail.
type Config struct {
	Limit  Limit
	Policy Policy
	Mode   Mode
	// Logger gets every [Event]; nil is slog.Default().
	Logger *slog.Logger
	// StallAfter is how long nothing may move, though units are in flight or puts wait, before that is reported
	// as an [EventStall]. 0 is DefaultStallAfter; a negative time reports nothing.
	StallAfter time.Duration
	// GoLimit says what the budget may do with the Go runtime's memory limit (debug.SetMemoryLimit). Of several budgets
	// that set it the least counts.
	GoLimit GoLimit
	// RestoreGoLimit has Close put back the Go limit that the application had. Without, one that the budget has set
	// stays, at 90 % of the process limit or so: the process is behind the same limit for as long as it lives, and what
	// a sync leaves behind may grow when it is over.
	RestoreGoLimit bool
	// KeepHugePages leaves transparent huge pages as they are. Without, and with a process limit of 128 MiB or less,
	// a budget turns them off for the process, and for what it starts from then on, where the kernel makes them of
	// whatever it can: with 2 MiB for one written page the heap is full of what nobody uses, and what is left for the
	// program's own code is read from disk again and again. They stay off when the budget is closed.
	KeepHugePages bool
}
