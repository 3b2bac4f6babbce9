package synth

import "math/bits"

// permutation is a bijection of [0, n) picked by a key, in constant memory: a
// list of a million shuffled numbers would itself be what the benchmark is
// about. It is a Feistel network on the next even number of bits, and walks on
// until it is back inside [0, n) (Black and Rogaway, "Ciphers with Arbitrary
// Finite Domains", 2002, cycle walking); at most four steps on average.
type permutation struct {
	n, mask uint64
	half    int
	keys    [4]uint64
}

func newPermutation(n int, key uint64) permutation {
	half := max(1, (bits.Len64(uint64(max(n, 1)-1))+1)/2)
	p := permutation{n: uint64(n), half: half, mask: 1<<half - 1}
	for i := range p.keys {
		p.keys[i] = mix(key + uint64(i) + 1)
	}
	return p
}

// at is where i goes; i must be below n.
func (p *permutation) at(i int) int {
	x := uint64(i)
	for {
		l, r := x>>p.half, x&p.mask
		for _, k := range p.keys {
			l, r = r, l^mix(r^k)&p.mask
		}
		if x = l<<p.half | r; x < p.n {
			return int(x)
		}
	}
}

// from is the inverse: from(at(i)) is i.
func (p *permutation) from(i int) int {
	x := uint64(i)
	for {
		l, r := x>>p.half, x&p.mask
		for k := len(p.keys) - 1; k >= 0; k-- {
			l, r = r^mix(l^p.keys[k])&p.mask, l
		}
		if x = l<<p.half | r; x < p.n {
			return int(x)
		}
	}
}

// mix scatters the bits of x; the finalizer of SplitMix64 (Steele, Lea and
// Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
