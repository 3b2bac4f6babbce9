package memacct

import "slices"

// The budget's lock does more than lock: whoever takes it enters what was put without it, and whoever lets go of it
// wakes those that were decided about meanwhile, has a forced flush come, or looks whether memory runs out. Functions
// that want it held end in Locked.

// mostPosted is how many queues of a budget have their inboxes open at once.
const mostPosted = 4

// postedLocked has the inbox of p open whenever nobody holds the lock, until it is found unused.
func (b *Budget) postedLocked(p postbox) {
	if len(b.boxes) < mostPosted && !slices.Contains(b.boxes, p) {
		b.boxes = append(b.boxes, p)
	}
}

// enter takes the budget's lock, and enters what was put without it.
func (b *Budget) enter() {
	b.mu.Lock()
	used := 0
	for _, p := range b.boxes {
		if p.shutInboxLocked() {
			b.boxes[used] = p
			used++
		}
	}
	clear(b.boxes[used:])
	b.boxes = b.boxes[:used]
}

// leaveQuietly lets go of the lock where nobody is to be woken.
func (b *Budget) leaveQuietly() {
	for _, p := range b.boxes {
		p.openInboxLocked(int64(len(b.boxes)))
	}
	b.mu.Unlock()
}

// leave lets go of the lock and wakes whoever this critical section decided about.
func (b *Budget) leave() {
	if b.gcTriggerDueLocked() {
		b.leaveAndLook()
		return
	}
	a := b.core.Alert()
	if len(b.core.Woken) == 0 && b.closing.drained == nil && a == b.alert.Load() {
		if a {
			b.armFlushTimerLocked()
		}
		b.leaveQuietly()
		return
	}
	if len(b.core.Woken) > 0 {
		b.watchLocked()
	}
	b.leaveAndWake(a)
}

// leaveAndWake is leave where there is something to tell others.
func (b *Budget) leaveAndWake(alert bool) {
	if alert && !b.alert.Load() {
		b.alert.Store(true)
		b.collectLocked() // and loops collect themselves from now on
		alert = b.core.Alert()
	}
	b.alert.Store(alert)
	if alert {
		b.armFlushTimerLocked()
	}
	woken := b.core.Woken
	if b.closing.drained != nil && b.core.Empty() {
		b.signalDrained()
	}
	// They are woken once the lock is free, so that they do not run into it. From then on a sleeper may be
	// reused, and so its channel is what is remembered.
	var few [16]chan struct{}
	channels := few[:0]
	for _, s := range woken {
		channels = append(channels, s.Wake)
	}
	b.core.Woken = woken[:0]
	b.leaveQuietly()
	for _, r := range channels {
		wake(r)
	}
}

// wake leaves a token for a sleeper. Its channel holds one; a second says nothing new, because who wakes looks
// at the state and not at the token.
func wake(sleeper chan struct{}) {
	select {
	case sleeper <- struct{}{}:
	default:
	}
}
