package core

// Tick is called now and then while somebody waits at a gate. It reports whether anybody does, and tells of those that
// have waited for one tick or more, and whether it is memory that keeps them out. Where memory has kept somebody out
// for some, and there is a batch that could be handed on, that is done: what moves meanwhile, and was waited for,
// may be a neighbour that never stands still, or a reader that takes its time.
func (c *Core) Tick(long func(w *Waiter, memory bool)) bool {
	push := false
	tick := func(w *Waiter, memory bool) {
		w.ticks++
		push = push || memory && w.ticks > patience
		if w.ticks > 1 {
			long(w, memory)
		}
	}
	for w := c.growers.first; w != nil; w = c.growers.after(w) {
		tick(w, true)
	}
	for _, q := range c.lines() {
		for w := q.waiters.first; w != nil; w = q.waiters.after(w) {
			tick(w, c.Mode == Enforce && (w.NoSlot || !q.Full()) && !c.room(q.Account, w.Bytes))
		}
	}
	if push {
		c.push(nil)
	}
	c.pushStill()
	return c.slotsShort()
}

// pushStill hands on a batch of an account in which somebody waits for a slot, and nothing has moved for some ticks:
// a stage that seems to be at work there may be waiting for just that batch. Other accounts may go on meanwhile.
func (c *Core) pushStill() {
	short := map[*Account]bool{}
	for _, q := range c.queues {
		short[q.Account] = short[q.Account] || q.waits()
	}
	for a := range short {
		if now := a.progress(); !short[a] || now != a.seen {
			a.seen, a.still = now, 0
			continue
		}
		if a.still++; a.still > patience && !c.push(a) {
			if !c.push(nil) { // what it waits for may be another account's
				c.overdue = true
				c.update()
				c.overdue = false
			}
		}
	}
}

// patience is for how many ticks memory may keep a waiter out before a batch below its share is handed on though
// others move. A stage that is slow, and whose batch will make the room, must not have small ones cut all the time.
const patience = 2
