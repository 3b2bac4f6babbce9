package core

import (
	"fmt"
	"slices"
)

// verify compares the core with what the world knows to be true, after one step from before.
func (w *world) verify(before *world) error {
	for _, f := range []func(*world) error{w.conserved, w.counted, w.admitted, w.ordered, w.judged, w.bounded, w.handedOn} {
		if err := f(before); err != nil {
			return err
		}
	}
	return nil
}

// live reports whether the unit is charged, given what its producer's waiter was told.
func (w *world) live(u int) bool {
	switch at := w.units[u].at; at {
	case outside, ended:
		return false
	case atGate:
		if i := w.emitterOf(u); i >= 0 {
			return w.ew[i].State == Granted
		}
		return w.pw[w.producerOf(u)].State == Granted
	}
	return true
}

func (w *world) producerOf(u int) int {
	for i := range w.prods {
		if u < w.prods[i].first+len(w.sc.prods[i].sizes) {
			return i
		}
	}
	panic("a unit of nobody")
}

// conserved: what is used is the sum of the charges, and never negative.
func (w *world) conserved(*world) error {
	used := make([]int64, len(w.accts))
	used[0] = w.named
	for u := range w.units {
		if w.live(u) {
			used[w.sc.queues[w.units[u].queue].account] += w.units[u].charge
		}
	}
	for i := range w.pw {
		if x := &w.pw[i]; x.Grows && x.State == Granted {
			used[w.sc.queues[w.sc.prods[i].queue].account] += x.Bytes
		}
	}
	var sum, unmet int64
	for i := range w.accts {
		if w.accts[i].used != used[i] {
			return fmt.Errorf("account %d uses %d, its charges are %d", i, w.accts[i].used, used[i])
		}
		sum += used[i]
		unmet += max(0, w.accts[i].Floor-used[i])
	}
	if w.c.used != sum || w.c.unmet != unmet {
		return fmt.Errorf("used %d and floors unmet by %d, the sums are %d and %d", w.c.used, w.c.unmet, sum, unmet)
	}
	return nil
}

// tally is the state in counts.
type tally struct {
	units, moving, awake, waiters, carriers, ready, hand, incoming, parked, held, takers, shares int
}

// counted: the core's counts are those of the world.
func (w *world) counted(*world) error {
	var want, got tally
	for u := range w.units {
		switch w.units[u].at {
		case inQueue:
			want.ready++
		case inHand:
			want.hand++
			want.moving++
		case parked:
			want.hand++
			want.parked++
			if w.parks[u].Hand != nil {
				want.held++
			}
		case reserved:
			want.moving++
		}
		if w.live(u) {
			want.units++
		}
	}
	w.countWaiters(&want)
	for i := range w.cons {
		if w.ts[i].awake {
			want.awake++
		}
		if w.cons[i].phase == asleep && !w.ts[i].awake {
			want.takers++
		}
	}
	want.shares = w.shares()
	got = tally{units: w.c.units, moving: w.c.moving, awake: w.c.awake, waiters: w.c.waiters, carriers: w.c.carriers, shares: w.c.takers}
	for i := range w.qs {
		q := &w.qs[i]
		got.ready += q.ready
		got.hand += q.hand
		got.incoming += q.incoming
		got.parked += q.parked
		got.held += q.held
		got.takers += len(q.takers)
	}
	if w.c.wrong.anyPut || w.c.wrong.loopMoves || w.c.wrong.growersMove {
		got.moving, got.held = want.moving, want.held // these rules count otherwise, and are to show where that leads
	}
	if got != want {
		return fmt.Errorf("the core counts %+v, it is %+v", got, want)
	}
	return nil
}

// shares is how many consumers of accounts that have something collect batches.
func (w *world) shares() (n int) {
	busy := make([]bool, len(w.accts))
	for u := range w.units {
		a := w.sc.queues[w.units[u].queue].account
		busy[a] = busy[a] || w.live(u)
	}
	for i := range w.cons {
		if w.cons[i].phase != gone && w.ts[i].Batch && busy[w.sc.queues[w.cons[i].queue].account] {
			n++
		}
	}
	return n
}

// share is what a batch must have under pressure, as the world counts those that share the budget.
func (w *world) share() int64 {
	n := int64(max(1, w.shares()))
	return max(1, (max(w.c.limit, w.c.used)-w.named)*4/(4*n+1))
}

func (w *world) countWaiters(want *tally) {
	for i := range w.pw {
		x := &w.pw[i]
		switch {
		case w.prods[i].phase != waiting:
		case x.Grows && x.State == Waiting:
			want.moving--
			want.waiters++
		case x.Grows:
		case x.State == Waiting && x.Carried:
			want.moving--
			want.carriers++
		case x.State == Waiting:
			want.waiters++
		case x.State == Granted && x.Carried:
			want.incoming++
		case x.State == Granted && x.NoSlot:
			// Until it is divided, a reservation counts as one unit.
			want.moving++
			want.units -= len(w.sc.prods[i].sizes) - 1
		case x.State == Granted:
			want.moving++
			want.incoming++
		}
	}
	for i := range w.cw {
		switch x := &w.cw[i]; {
		case w.cons[i].phase != waiting:
		case x.State == Waiting:
			want.moving -= len(w.cons[i].hand)
			want.carriers++
			want.held++
		case x.State == Granted:
			want.incoming++
		}
	}
	for i := range w.ew {
		switch x := &w.ew[i]; {
		case w.ems[i].phase != waiting:
		case x.State == Waiting:
			want.carriers++
			if x.Loop != nil {
				want.moving -= len(w.cons[w.ems[i].cons].hand)
				want.held++
			}
		case x.State == Granted:
			want.moving++
			want.incoming++
		}
	}
}

// admitted: nobody waits who fits, and nobody sleeps for whom there is something.
func (w *world) admitted(*world) error {
	claimant := w.c.claimant()
	for i := range w.qs {
		q := &w.qs[i]
		j := -1
		for x := range q.Line() {
			j++
			slot := x.NoSlot || x.Grows || !q.Full()
			switch {
			case !slot || j > window:
			case !x.memory():
				if j == 0 {
					return fmt.Errorf("queue %d: a waiter that needs only a slot is left beside a free one", i)
				}
			case w.c.fits(q.Account, x.Bytes) && !x.barred(claimant):
				return fmt.Errorf("queue %d: a waiter for %d bytes fits and is left waiting", i, x.Bytes)
			}
		}
		if err := w.shared(i); err != nil {
			return err
		}
		if q.Ended() && len(q.takers) > 0 {
			return fmt.Errorf("queue %d: %d consumers sleep though it has ended", i, len(q.takers))
		}
	}
	return nil
}

// shared: nobody sleeps beside units that another has taken ahead.
func (w *world) shared(queue int) error {
	for i := range w.cons {
		if w.cons[i].queue == queue && w.ahead(i) > 0 && len(w.qs[queue].takers) > 0 {
			return fmt.Errorf("queue %d: a consumer sleeps while %d units are ahead in the hand of consumer %d", queue, w.ahead(i), i)
		}
	}
	return nil
}

// ordered: at a gate nobody passes one that asks for no more, and none is passed beyond the bound.
func (w *world) ordered(before *world) error {
	for _, s := range w.c.Woken { // in the order in which they were admitted
		i := w.sleeper(s)
		if i < 0 || w.pw[i].Carried || w.pw[i].Grows || w.pw[i].State != Granted || w.prods[i].phase != waiting {
			continue
		}
		x := &w.pw[i]
		for j, y := range w.pw {
			if j == i || y.State != Waiting || y.Carried || y.Grows || y.Queue != x.Queue || !before.stands(j, i) {
				continue
			}
			if err := w.passes(x, &y, &w.units[w.prods[j].first+w.prods[j].next]); err != nil {
				return err
			}
		}
	}
	return nil
}

// sleeper is the producer whose waiter s is, -1 if it is none's.
func (w *world) sleeper(s *Sleeper) int {
	for i := range w.pw {
		if s == &w.pw[i].Sleeper {
			return i
		}
	}
	return -1
}

// stands reports whether producer j stood in line before producer i; i may have come with this step.
func (w *world) stands(j, i int) bool {
	for x := range w.qs[w.sc.prods[j].queue].Line() {
		switch x {
		case &w.pw[j]:
			return true
		case &w.pw[i]:
			return false
		}
	}
	return false
}

// passes notes that x was granted before y, whose first unit is u.
func (w *world) passes(x, y *Waiter, u *unit) error {
	if !y.NoSlot && (x.NoSlot || y.Queue.Full()) {
		return nil // it was not memory that kept y out
	}
	if x.Bytes == 0 {
		return nil // it took nothing that y could have had
	}
	if y.Bytes <= x.Bytes {
		return fmt.Errorf("a waiter for %d bytes was passed by one for %d", y.Bytes, x.Bytes)
	}
	if u.passed >= window && u.passedBy >= y.Bytes {
		return fmt.Errorf("a waiter for %d bytes was passed once more, by %d, after %d times with %d bytes (the core: %d times, %d bytes)", y.Bytes, x.Bytes, u.passed, u.passedBy, y.passed, y.passedBy)
	}
	u.passed++
	u.passedBy += x.Bytes
	return nil
}

// judged: a verdict is given only when nothing can move, to one that does not fit, and within the policy.
func (w *world) judged(before *world) error {
	for i, now := range w.waits() {
		x, was := now.x, before.waits()[i]
		verdict := x.State == Refused && x.Reason != Closed || x.State == Granted && x.Overran
		if !verdict || !now.on || was.on && was.x.State == x.State {
			continue
		}
		if u := w.mover(before, x); u >= 0 {
			return fmt.Errorf("verdict about %s (%v, %v) though unit %d can move", now.who, x.State, x.Reason, u)
		}
		if x.Grows {
			if err := w.judgedGrowth(before, now.who, x); err != nil {
				return err
			}
		} else if x.State == Refused && (x.Reason == Stalled) != (w.c.units > 0) && !w.anyNew(before) {
			return fmt.Errorf("%s refused as %v with %d units live", now.who, x.Reason, w.c.units)
		}
		free := w.c.limit - w.c.used
		if x.State == Refused && x.memory() && x.Bytes <= free-w.c.unmet && (x.NoSlot || !x.Queue.Full()) {
			return fmt.Errorf("%s refused though its %d bytes fit", now.who, x.Bytes)
		}
		if x.State == Refused && x.Reason == Stalled {
			for j := range w.pw {
				y, fresh := &w.pw[j], before.pw[j].State != Granted || before.prods[j].phase != waiting
				if !fresh || w.prods[j].phase != waiting || y.State != Granted || y.Carried || y.Overran {
					continue
				}
				return fmt.Errorf("%s refused as stalled though producer %d fitted, which the others may wait for", now.who, j)
			}
		}
	}
	return nil
}

// mover is a unit that could move when x was judged, in the step from before, -1 if there was none.
func (w *world) mover(before *world, x *Waiter) int {
	if said := x.State; said == Refused || x.Grows {
		x.State = Waiting // what moves because of the verdict is no reason against it
		defer func() { x.State = said }()
	}
	for u := range w.units {
		if w.live(u) && !(w.units[u].at == atGate && w.newly(before, u)) && w.moves(u) {
			return u
		}
	}
	return -1
}

// wait is somebody's waiter, and whether it is on.
type wait struct {
	who string
	x   *Waiter
	on  bool
}

func (w *world) waits() (all []wait) {
	for i := range w.pw {
		all = append(all, wait{fmt.Sprint("producer ", i), &w.pw[i], w.prods[i].phase == waiting})
	}
	for i := range w.cw {
		all = append(all, wait{fmt.Sprint("consumer ", i), &w.cw[i], w.cons[i].phase == waiting})
	}
	for i := range w.ew {
		all = append(all, wait{fmt.Sprint("emitter ", i), &w.ew[i], w.ems[i].phase == waiting})
	}
	return all
}

// newly reports whether the unit's put was granted in the step from before.
func (w *world) newly(before *world, u int) bool {
	if i := w.emitterOf(u); i >= 0 {
		return before.ew[i].State != Granted || before.ems[i].phase != waiting
	}
	i := w.producerOf(u)
	return before.pw[i].State != Granted || before.prods[i].phase != waiting
}

func (w *world) anyNew(before *world) bool {
	for u := range w.units {
		if w.units[u].at == atGate && w.live(u) && w.newly(before, u) {
			return true
		}
	}
	return false
}

// moves reports whether a live unit can move, now or when others that can have done so.
func (w *world) moves(u int) bool {
	switch x := &w.units[u]; x.at {
	case inQueue:
		return w.serves(x.queue)
	case parked:
		return w.met(u) && !slices.Contains(w.late, w.sc.needs[u])
	case inHand:
		for i := range w.cons {
			for _, v := range w.cons[i].hand {
				if v == u {
					return w.works(i)
				}
			}
		}
	case reserved:
		i := w.producerOf(u)
		if w.pw[i].Grows && w.pw[i].State == Waiting {
			return false
		}
		return w.prods[i].phase != waiting || w.pw[i].State != Waiting || w.serves(w.sc.prods[i].queue)
	}
	return true
}

// serves reports whether units in the queue will be taken.
func (w *world) serves(q int) bool {
	all := w.qs[q].consumers == 0 // one may still come
	for i := range w.cons {
		all = all || w.cons[i].queue == q && w.works(i)
	}
	return all
}

// works reports whether the consumer will get to its next unit.
func (w *world) works(i int) bool {
	switch c := &w.cons[i]; c.phase {
	case stuck:
		return w.met(c.hand[0])
	case waiting:
		return w.cw[i].State != Waiting || w.serves(w.nextOf(c.hand[0]))
	case emitting:
		for j := range w.ems {
			e := &w.ems[j]
			if e.cons == i && (e.phase == running || e.phase == waiting && w.ew[j].State != Waiting) {
				return true
			}
		}
		return w.serves(w.sc.queues[c.queue].next)
	case gone:
		return false
	}
	return true
}

// bounded: without growth or a lower limit, nothing but an overrun within its bound exceeds the limit.
func (w *world) bounded(*world) error {
	if w.limit > 0 || w.grows() || w.c.Mode != Enforce {
		return nil
	}
	if over := w.c.used - w.c.limit; over > w.sc.overrun {
		return fmt.Errorf("%d bytes past the limit, the policy allows %d", over, w.sc.overrun)
	}
	return nil
}

func (w *world) grows() bool {
	for _, q := range w.sc.queues {
		if q.grow > 0 || q.makes > 0 {
			return true
		}
	}
	for _, p := range w.sc.prods {
		if p.settle > 0 {
			return true
		}
	}
	return false
}

// handedOn: under pressure a batch below its share is taken only when nothing else was on the move or coming.
func (w *world) handedOn(before *world) error {
	for i := range w.qs {
		n := w.qs[i].counts.Batches[ByPressure] - before.qs[i].counts.Batches[ByPressure]
		had := w.qs[i].bytes + w.taken(before, i)
		if n == 0 || had >= w.shareOf(before, i) {
			continue
		}
		if w.pushed(before, i) {
			continue
		}
		if w.coming(before, i) {
			return fmt.Errorf("queue %d: of %d bytes some were handed on though a consumer was coming", i, had)
		}
		for u := range w.units {
			if before.units[u].at == inHand && w.units[u].at == inHand && before.moves(u) {
				return fmt.Errorf("queue %d: of %d bytes some were handed on though unit %d was on the move", i, had, u)
			}
		}
	}
	return nil
}

// shareOf is what a batch had to have when one was taken from that queue in the step from before. Since then others may
// have been granted, and the debt have grown.
func (w *world) shareOf(before *world, queue int) (share int64) {
	for i := range w.cons {
		if w.cons[i].queue == queue && w.ts[i].Takes > before.ts[i].Takes {
			share = max(share, w.cons[i].share)
		}
	}
	return share
}

// taken is the bytes that a batch consumer has taken from that queue in the step from before.
func (w *world) taken(before *world, queue int) (bytes int64) {
	for i := range w.cons {
		c := &w.cons[i]
		if c.queue != queue || !w.ts[i].Batch || w.ts[i].Takes == before.ts[i].Takes {
			continue
		}
		for _, u := range c.hand {
			bytes += w.units[u].charge
		}
	}
	return bytes
}

// pushed reports whether the batch that was taken from that queue in the step from before was to be, however little.
func (w *world) pushed(before *world, queue int) bool {
	for i := range w.cons {
		if w.cons[i].queue == queue && w.ts[i].Takes > before.ts[i].Takes && before.ts[i].pushed {
			return true
		}
	}
	return false
}

// coming reports whether a consumer that did not just take from that queue had nothing in hand and something to take.
func (w *world) coming(before *world, queue int) bool {
	for i := range before.cons {
		c := &before.cons[i]
		if c.queue != queue && c.phase == running && len(c.hand) == 0 && before.qs[c.queue].ready > 0 {
			return true
		}
	}
	return false
}
