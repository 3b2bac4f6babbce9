package memacct

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Budget is the bytes of content that may be in flight in this process. One budget serves many pipelines,
// each with an [Account] of its own. All methods may be called from many goroutines.
type Budget struct {
	log     *slog.Logger
	mode    Mode
	huge    bool // pages are kept, see Config.KeepHugePages
	policy  Policy
	host    *host.Host
	goLimit *host.GoLimitRequest // for the Go runtime's limit, to be below the process limit; nil for none
	opened  time.Time

	alert atomic.Bool // as core.Alert said when the lock was last let go
	_     [64]byte    // loops look at it for every unit, and the lock is on another cache line

	mu         sync.Mutex // guards what follows, up to events
	core       core.Core
	boxes      []postbox      // their inboxes are open while nobody holds the lock
	idle       []*core.Waiter // for reuse
	owners     []*Account
	source     limitSource
	asked      Limit // which source was found from
	base       int64 // live heap, in bytes, when the budget was opened
	gov        *governor
	gcTrigger  gcTrigger
	flushTimer flushTimer
	clock      clock
	arrivals   arrivals
	holders    holders
	shared     sharing
	stall      stall
	places     places
	closing    closing

	refusals refusals // with a lock of its own for what it measures
	events   events   // with a lock of its own
	misuse   misuse
}

// arrivals is what the governor wants to know of units that come through gates.
type arrivals struct {
	expected int64 // units that are to come in all, as far as that was said; 0 for unknown
	largest  int64 // the largest unit, in bytes, that was accepted since the governor last looked
}

// closing is the end of a budget.
type closing struct {
	begun   bool
	drained chan struct{} // closed when the last unit of a closing budget ends; nil before Close
}

// New opens a budget. Unless the mode is Off it forces the garbage collector, to know how much of the heap was
// there before.
func New(cfg Config) (*Budget, error) { return newOn(host.This, cfg) }

func newOn(h *host.Host, cfg Config) (*Budget, error) {
	if cfg.Mode > Off {
		return nil, fmt.Errorf("memacct: unknown mode %d: use Enforce, Shadow or Off", cfg.Mode)
	}
	if cfg.Policy.overrun < 0 {
		return nil, fmt.Errorf("memacct: overrun of %d bytes: use Fail() to allow none", cfg.Policy.overrun)
	}
	b := &Budget{log: cmp.Or(cfg.Logger, slog.Default()), mode: cfg.Mode, huge: cfg.KeepHugePages, policy: cfg.Policy, host: h, opened: time.Now(), core: *core.New(0)}
	if cfg.GoLimit > GoLimitKeep {
		return nil, fmt.Errorf("memacct: unknown GoLimit %d: use GoLimitAuto, GoLimitSet or GoLimitKeep", cfg.GoLimit)
	}
	if cfg.GoLimit != GoLimitKeep {
		b.goLimit = &host.GoLimitRequest{Yields: cfg.GoLimit == GoLimitAuto, Restores: cfg.RestoreGoLimit}
		runtime.AddCleanup(b, (*host.GoLimitRequest).Drop, b.goLimit) // nobody may close it
	}
	b.core.Mode = core.Mode(cfg.Mode)
	if cfg.Mode == Off {
		b.emit(Event{Kind: EventOpened, Text: "mode off: nothing is accounted, and nothing held back"})
		return b, nil
	}
	live, others := b.liveBeside(host.TrueHeap)
	b.base = live - others
	b.stall.set(cfg.StallAfter)
	if err := b.SetLimit(cfg.Limit); err != nil {
		return nil, err
	}
	b.emit(Event{Kind: EventOpened, Bytes: cmp.Or(b.source.process, b.source.content), Text: b.source.String() +
		", baseline " + bytesize.Format(b.base) + ", policy " + b.policy.String() + ", mode " + b.mode.String()})
	return b, nil
}

// SetLimit changes the limit while the budget is in use. Raising it admits at once whoever fits then;
// lowering it below what is in flight revokes nothing, but admits nothing either until enough is released. A
// limit that cannot be held here, or is below the floors of all accounts together, is an error and changes
// nothing, and so is one for a budget that is closed, or off.
func (b *Budget) SetLimit(l Limit) error {
	if b.mode == Off {
		return errors.New("memacct: SetLimit of a budget that is off: open one with another Mode")
	}
	source, err := l.resolve(b.host, b.setsGo(), b.beside())
	if err != nil {
		return err
	}
	others, share := b.neighbours(core.Snapshot.Content)
	b.enter()
	if b.closing.begun {
		b.leaveQuietly()
		return fmt.Errorf("memacct: SetLimit: the budget is %w", ErrClosed)
	}
	if floors := b.core.Floors(); floors > source.content {
		b.leaveQuietly()
		return l.bad(source.leaving(floors), "it leaves %s for content, less than the floors of all accounts, %s together; set more", bytesize.Format(source.content), bytesize.Format(floors))
	}
	if source.process > 0 && b.mode == Enforce {
		source.content = govern.Divide(source.content, others, share)
	}
	first := b.source.content == 0
	source.smallPages = b.turnsHugePagesOff(source.process)
	b.source, b.asked = source, l
	b.core.Overrun = 0 // of a process that is measured: see reconsider
	if source.process == 0 {
		b.core.Overrun = b.policy.overrun
	}
	b.governLocked(l, source)
	b.capLocked(b.gov.Content)
	b.leave()
	b.keepCode(source.process)
	if source.process > 0 && b.mode == Enforce {
		b.joinNeighbours()
	} else {
		leaveNeighbours(weak.Make(b))
	}
	if source.beyond != "" {
		b.emitOnce("", Event{Kind: EventGoLimit, Bytes: b.host.GoLimit(), Text: source.beyond})
	}
	if !first {
		b.emit(Event{Kind: EventLimit, Bytes: cmp.Or(source.process, source.content), Text: "the limit changed: " + source.String()})
	}
	if source.unsure != nil {
		b.emit(Event{Kind: EventAlarm, Bytes: source.process, Text: fmt.Sprintf(
			"the kernel may end this process below the limit of %s: %v; set %s below the container's limit", bytesize.Format(source.process), source.unsure, host.GoLimitName)})
	}
	return nil
}

// isSmall reports whether the process is held to a limit at which the kernel's generosity with pages does harm.
func (b *Budget) isSmall(process int64) bool {
	return process > 0 && process <= govern.SmallLimit && b.mode == Enforce
}

// turnsHugePagesOff turns them off behind a small limit, and reports whether there were any. It takes some microseconds.
func (b *Budget) turnsHugePagesOff(process int64) bool {
	return b.isSmall(process) && !b.huge && b.host.SmallPages()
}

// keepCode has the kernel keep the program's code in memory behind a small limit, or read it by the page. It takes some 100
// microseconds, and so must run outside the lock.
func (b *Budget) keepCode(process int64) {
	if b.isSmall(process) {
		b.host.KeepCode(process)
	}
}

// letCodeGo lets the kernel drop the program's code again, until the limit changes: the heap needs the room. Like keepCode it
// must run outside the lock.
func (b *Budget) letCodeGo(g *governor, process int64) {
	if b.isSmall(process) {
		b.host.KeepCode(0)
		g.kernel.Forget()
	}
}

// beside is how many bytes the process uses that are not content.
func (b *Budget) beside() int64 {
	now := b.host.ReadMemory()
	b.enter()
	defer b.leaveQuietly()
	return now.NonHeap + b.base // what is pinned as well is an estimate, and refuses no limit
}

// Account opens one pipeline's part of the budget. Its name appears in errors and statistics. While the floors of all
// accounts exceed the budget together they are cut in proportion, and an [EventAlarm] says so: the limit may be an
// operator's. On a closed budget its gates are closed.
func (b *Budget) Account(name string, opts ...AccountOption) *Account {
	a := &Account{b: b}
	a.acct.Name = name
	a.acct.Weight = 1
	for _, o := range opts {
		o(a)
	}
	b.enter()
	b.core.Add(&a.acct)
	b.owners = append(b.owners, a)
	floors, source := b.core.Floors(), b.source
	b.leave()
	if floors > source.content && a.acct.Floor > 0 {
		b.emit(Event{Kind: EventAlarm, Account: name, Bytes: floors, Text: fmt.Sprintf(
			"the floors of all accounts are %s together, more than the %s that %s leaves for content: they shrink in proportion; set more (for example %s)",
			bytesize.Format(floors), bytesize.Format(source.content), b.asked, b.asked.example(source.leaving(floors)))})
	}
	return a
}

// Close ends the budget: puts on its gates fail with [ErrClosed] from now on. It waits until every unit and
// every charge was released or ctx is done, and then returns a [*LeakError] that names who holds what is left. Give
// it a context that ends: it waits for ever for a unit that somebody lost. It may be called more than once, and at
// once, and does the same in every mode.
func (b *Budget) Close(ctx context.Context) error {
	b.enter()
	b.closing.begun = true
	for _, a := range b.owners {
		for _, i := range a.queues {
			if i.q.Gate {
				i.q.Close()
			}
		}
	}
	b.collectLocked()
	if b.closing.drained == nil || !b.core.Empty() && isClosed(b.closing.drained) { // a plain queue takes units also after a Close that went well
		b.closing.drained = make(chan struct{})
	}
	drained := b.closing.drained
	b.leave()
	defer leaveNeighbours(weak.Make(b))
	if b.goLimit != nil {
		defer b.leaveGoLimit()
	}
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return b.leaks()
	}
}

// signalDrained tells Close that no unit is left.
func (b *Budget) signalDrained() {
	if !isClosed(b.closing.drained) {
		close(b.closing.drained)
	}
}

// isClosed reports whether a channel is closed.
func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
