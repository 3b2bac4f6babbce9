package memacct

// ring is a first-in first-out buffer that grows as it fills and forgets what was taken, so that it keeps no
// unit alive that the account believes gone.
type ring[T any] struct {
	slots []slot[T] // a power of two of them
	head  int
	n     int
}

// slot is a value with what it is charged.
type slot[T any] struct {
	v      T
	charge int64
	base   int64 // what it weighed when it entered the account
}

func (r *ring[T]) push(s slot[T]) {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.slots[(r.head+r.n)&(len(r.slots)-1)] = s
	r.n++
}

func (r *ring[T]) pop() slot[T] {
	s := r.slots[r.head]
	r.slots[r.head] = slot[T]{}
	r.head = (r.head + 1) & (len(r.slots) - 1)
	r.n--
	return s
}

// unpop puts a unit back where pop took it from.
func (r *ring[T]) unpop(s slot[T]) {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.head = (r.head - 1) & (len(r.slots) - 1)
	r.slots[r.head] = s
	r.n++
}

// front returns the charge of the unit that pop would return.
func (r *ring[T]) front() int64 { return r.slots[r.head].charge }

func (r *ring[T]) grow() {
	bigger := make([]slot[T], max(8, 2*len(r.slots)))
	n := copy(bigger, r.slots[r.head:])
	copy(bigger[n:], r.slots[:r.head])
	r.slots, r.head = bigger, 0
}
