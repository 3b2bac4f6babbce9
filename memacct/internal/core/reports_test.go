package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// alone is a core of one account with a gate and a queue behind it.
func alone(limit int64, change ...func(*Core)) (c *Core, a *Account, gate, queue *Queue) {
	c, a = New(limit), &Account{Name: "a", Weight: 1}
	for _, f := range change {
		f(c)
	}
	c.Add(a)
	gate, queue = &Queue{Name: "gate", Account: a, Gate: true, Capacity: 4}, &Queue{Name: "queue", Account: a, Capacity: 4}
	c.AddQueue(gate)
	c.AddQueue(queue)
	return c, a, gate, queue
}

// taken takes one unit of n bytes from q for a loop that attaches for it.
func taken(t *testing.T, q *Queue) (*Taker, Portion) {
	k := &Taker{Size: 1}
	q.Attach(k)
	p, ok := q.Take(k)
	require.True(t, ok)
	require.Equal(t, 1, p.Units)
	_, bytes := q.Ready()
	q.Took(k, 1, bytes, BySize)
	return k, p
}

func TestAUnitIsCountedFromItsPutToItsEnd(t *testing.T) {
	c, a, gate, queue := alone(100)
	require.True(t, c.Empty())
	require.True(t, a.Empty())
	require.True(t, c.Idle())
	require.EqualValues(t, 7, gate.Mean(7), "none came")
	before := c.Progress()
	require.True(t, gate.Put(40))
	require.NotEqual(t, before, c.Progress())
	require.True(t, c.Idle(), "it is queued, and in no hand")
	require.EqualValues(t, 40, gate.Mean(7))

	taken(t, gate)
	require.False(t, c.Idle())
	queued, inHand := gate.Progress(), gate.Snapshot()
	require.Equal(t, QueueSnapshot{InHand: 1, InHandSize: 40, Counts: inHand.Counts}, inHand)
	gate.Resize(40, 60)
	require.EqualValues(t, 60, gate.Snapshot().InHandSize)
	require.Equal(t, queued, gate.Progress(), "to grow in a hand is no move")
	gate.Split(15)
	require.EqualValues(t, 75, c.Snapshot().Used)
	require.Equal(t, 2, c.Snapshot().Units)
	gate.Release(1, 15)
	require.True(t, gate.Move(queue, 60, 50))
	require.EqualValues(t, 50, c.Snapshot().Used)
	require.Zero(t, c.Ended(), "it goes on behind the gate")
	units, bytes := queue.Ready()
	queue.Discard(units, bytes)
	require.EqualValues(t, 1, c.Ended())
	require.True(t, c.Empty())
	require.EqualValues(t, 75, c.Snapshot().Peak)
	require.EqualValues(t, 125, c.Flow(), "40, 20 that it grew by, 15 that were split off, 50 in the queue; not what was given back")
}

// What is charged by name is part of what is used, and none of the content.
func TestChargesByNameAreNoContent(t *testing.T) {
	c, a, gate, _ := alone(100)
	a.Charge(30)
	require.True(t, gate.Put(20))
	s, named := a.Snapshot()
	require.EqualValues(t, 30, named)
	require.EqualValues(t, 50, s.Used)
	require.EqualValues(t, 20, c.Snapshot().Content())
	require.False(t, a.Room(51))
	require.True(t, a.Room(50))
	a.Charge(-30)
	require.True(t, a.Room(80))

	a.ChargeBeside(30) // the limit moves with it: the content has what it had
	require.EqualValues(t, 130, c.Snapshot().Limit)
	require.True(t, a.Room(80))
	require.False(t, a.Room(81))
	a.ChargeBeside(-30)
	require.EqualValues(t, 100, c.Snapshot().Limit)
	a.ChargeBeside(-200)
	require.Zero(t, c.Snapshot().Limit, "none is negative")
}

// A floor that is not in use counts for who asks how large the budget must be, in full, also where it was cut.
func TestFloorsCountForWhoAsksWhatFits(t *testing.T) {
	for name, limit := range map[string]int64{"room for all floors": 100, "less than all floors": 40} {
		c, a, gate, _ := alone(limit)
		b := &Account{Name: "b", Weight: 1, Floor: 60}
		c.Add(b)
		require.EqualValues(t, min(60, limit), a.Kept(), name)
		require.Zero(t, b.Kept(), name)
		require.EqualValues(t, 70, a.Fits(10), name)
		require.EqualValues(t, 10, b.Fits(10), name)
		require.Equal(t, limit == 100, gate.Put(40), name)
		b.Charge(20)
		require.EqualValues(t, min(40, max(0, limit-20)), a.Kept(), name)
		require.EqualValues(t, c.Snapshot().Used+10+40, a.Fits(10), "%s: what of a floor is in use counts once", name)
		c.Remove(b)
		c.Remove(b) // does nothing
		require.Zero(t, a.Kept(), "%s: a floor goes with its account", name)
	}
}

// Several units are put at once only where none of them would have to wait.
func TestPutAllTakesWhatNeedNotWait(t *testing.T) {
	for name, c := range map[string]struct {
		mode     Mode
		capacity int
		bytes    int64
		put      bool
	}{
		"room for all":                    {Enforce, 4, 100, true},
		"too many bytes":                  {Enforce, 4, 101, false},
		"a shadow counts them one by one": {Shadow, 4, 101, false},
		"off":                             {Off, 4, 101, true},
	} {
		core, _, gate, _ := alone(100, func(k *Core) { k.Mode = c.mode })
		require.Equal(t, 4, gate.Room(), name)
		require.Equal(t, c.put, gate.PutAll(4, c.bytes), name)
		if c.put {
			require.Zero(t, gate.Room(), name)
			require.Equal(t, 4, core.Snapshot().Units, name)
		}
		gate.Close()
		require.Zero(t, gate.Room(), "%s: it is closed", name)
	}
}

// Nothing can move where units are queued that nobody comes for, since who would is away, until what it waits for is there.
func TestStillWhereWhoWouldTakeIsAway(t *testing.T) {
	c, _, gate, _ := alone(100)
	require.True(t, c.Still(), "there is nothing")
	require.True(t, gate.Put(10))
	require.False(t, c.Still(), "a loop may come for it")
	done := make(chan struct{})
	away := &Park{Done: done}
	gate.Away(away)
	require.True(t, c.Still())
	close(done)
	require.False(t, c.Still(), "its wait is over, though it did not run yet")
	gate.Back(away)
	require.False(t, c.Still())

	taken(t, gate)
	require.False(t, c.Still(), "it is in a hand")
	park := &Park{Done: make(chan struct{})}
	gate.Park(park)
	require.True(t, c.Still(), "and waits for another")
	gate.Unpark(park)
	require.False(t, c.Still())
}

// What is refused is counted while whoever wanted to put it has not been told, reservations apart: there is nothing in
// memory for them.
func TestRefusedAreCountedUntilTheyAreTold(t *testing.T) {
	c, _, gate, _ := alone(100)
	put, reserve := &Waiter{Queue: gate, Bytes: 150}, &Waiter{Queue: gate, Bytes: 200, NoSlot: true}
	c.Enqueue(put)
	c.Enqueue(reserve)
	require.Equal(t, Refused, put.State)
	require.Equal(t, Refused, reserve.State)
	require.Equal(t, RefusedSum{Waiters: 2, Bytes: 150, Unread: 200}, c.Refused)
	c.Told(put)
	c.Told(reserve)
	require.Zero(t, c.Refused)

	require.True(t, gate.Put(100))
	wait := &Waiter{Queue: gate, Bytes: 30, NoSlot: true}
	c.Enqueue(wait)
	require.Equal(t, Waiting, wait.State)
	require.EqualValues(t, 30, c.Unread())
	require.EqualValues(t, 30, c.Snapshot().Waiting)
	c.Cancel(wait)
	require.Zero(t, c.Unread())
}

// A loop is told of as held while its unit waits for another.
func TestALoopWhoseUnitIsParkedIsHeld(t *testing.T) {
	_, _, gate, _ := alone(100)
	gate.Coming(1)
	require.True(t, gate.Put(10))
	loop, _ := taken(t, gate)
	attached, held := gate.Consumers()
	require.Equal(t, [2]int{1, 0}, [2]int{attached, held})
	hand := &Hand{Queue: gate}
	hand.Took(1)
	park := &Park{Hand: hand, Done: make(chan struct{})}
	gate.Park(park)
	_, held = gate.Consumers()
	require.Equal(t, 1, held)
	gate.Unpark(park)
	_, held = gate.Consumers()
	require.Zero(t, held)
	gate.Release(1, 10)
	gate.Detach(loop)
	attached, _ = gate.Consumers()
	require.Zero(t, attached)
}
