package memacct

import "github.com/syncmem/syncmem/memacct/internal/core"

// ring is a first-in first-out buffer that grows as it fills and forgets what was taken, so that it keeps no
// unit alive that the account believes gone. Values and what they cost lie apart, for a batch is handed on as
// a slice of values: both are moved as blocks.
type ring[T any] struct {
	vals  []T // a power of two of them
	costs []cost
	head  int
	n     int
}

// cost is what a unit is charged, in bytes.
type cost struct {
	charge int64
	base   int64 // what it weighed when it entered the account; less than 0 for one in several queues, see share
}

// slot is a value with its cost.
type slot[T any] struct {
	v T
	cost
}

func (r *ring[T]) push(v T, c cost) {
	r.reserve(1)
	i := (r.head + r.n) & (len(r.vals) - 1)
	r.vals[i], r.costs[i] = v, c
	r.n++
}

// pushAll is push for several.
func (r *ring[T]) pushAll(vs []T, costs []cost) {
	r.reserve(len(vs))
	at := (r.head + r.n) & (len(r.vals) - 1)
	k := copy(r.vals[at:], vs) // up to where the ring wraps round
	copy(r.vals, vs[k:])
	k = copy(r.costs[at:], costs)
	copy(r.costs, costs[k:])
	r.n += len(vs)
}

// reserve makes room for k more units.
func (r *ring[T]) reserve(k int) {
	for r.n+k > len(r.vals) {
		r.grow()
	}
}

// take moves what a portion takes from the front to the ends of vals and costs, and returns the charge of all of
// that, too.
func (r *ring[T]) take(vals []T, costs []cost, p core.Portion) ([]T, []cost, int64) {
	var bytes int64
	for n := min(p.Units, r.n); n > 0; {
		part := r.costs[r.head:min(r.head+n, len(r.costs))] // up to where the ring wraps round
		k := 0
		for k < len(part) && p.Takes(len(vals)+k, bytes, part[k].charge) {
			bytes += part[k].charge
			k++
		}
		vals = append(vals, r.vals[r.head:r.head+k]...)
		costs = append(costs, part[:k]...)
		r.drop(k)
		if n -= k; k < len(part) {
			break
		}
	}
	return vals, costs, bytes
}

// drop forgets k units at the front, which must not go past the end of the slices.
func (r *ring[T]) drop(k int) {
	clear(r.vals[r.head : r.head+k])
	r.head = (r.head + k) & (len(r.vals) - 1)
	r.n -= k
}

// clear forgets all units.
func (r *ring[T]) clear() {
	clear(r.vals)
	r.head, r.n = 0, 0
}

// unpop puts a unit back where take took it from.
func (r *ring[T]) unpop(s slot[T]) {
	r.reserve(1)
	r.head = (r.head - 1) & (len(r.vals) - 1)
	r.vals[r.head], r.costs[r.head] = s.v, s.cost
	r.n++
}

func (r *ring[T]) grow() {
	r.vals, r.costs = unrolled(r.vals, r.head), unrolled(r.costs, r.head)
	r.head = 0
}

// unrolled is a ring of twice the size, begun anew at its front.
func unrolled[E any](ring []E, head int) []E {
	bigger := make([]E, max(8, 2*len(ring)))
	n := copy(bigger, ring[head:])
	copy(bigger[n:], ring[:head])
	return bigger
}

// most is the bytes of the largest unit that is queued.
func (r *ring[T]) most() (bytes int64) {
	for i := range r.n {
		bytes = max(bytes, r.costs[(r.head+i)&(len(r.costs)-1)].charge)
	}
	return bytes
}
