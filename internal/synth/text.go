package synth

import (
	"math/rand/v2"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// text draws strings from a stream of random numbers. Each is a block of its
// own, as from a parser; only the buffer they are put together in is shared.
type text struct {
	rand.PCG
	buf  []byte
	path []byte // of a file, whole

	building func(bytes int64) error // what a unit weighs is told to; may be nil
	stopped  error                   // what that came to
}

// seed begins the stream number n of a key.
func (t *text) seed(key, n uint64) { t.Seed(key, mix(n)) }

// below draws a number from 0 to n-1. The bias of the remainder is below one
// in a billion for the small n here.
func (t *text) below(n int) int { return int(t.Uint64() % uint64(n)) }

// alphabet has 32 letters, one for each value of five bits; the frequent ones
// come twice.
const alphabet = "etaoinsrhldcumfpgwybvkxjqzetaoin"

// letters appends n letters spelled by x, 12 of which fit in a number.
func letters(b []byte, n int, x uint64) []byte {
	for ; n > 12; n -= 12 {
		b = letters(b, 12, x)
		x = mix(x)
	}
	for ; n > 0; n-- {
		b = append(b, alphabet[x&31])
		x >>= 5
	}
	return b
}

// pick is one of all, as x says.
func pick(x uint64, all ...string) string { return all[x%uint64(len(all))] }

// name is a word of n letters.
func (t *text) name(n int) string {
	t.buf = letters(t.buf[:0], n, t.Uint64())
	return string(t.buf)
}

// prose is n bytes of words, in lines of some seventy.
func (t *text) prose(n int) string {
	b := t.buf[:0]
	line := 70
	for len(b) < n {
		x := t.Uint64()
		b = letters(b, 2+int(x>>60)%9, x)
		if len(b) > line {
			b, line = append(b, '\n'), len(b)+70
		} else {
			b = append(b, ' ')
		}
	}
	b[n-1] = '.'
	t.buf = b
	return string(b[:n])
}

// packageName is a family's word, a part, and the number of the name, so that
// no two names are the same.
func (t *text) packageName(family uint64, number int) string {
	b := letters(t.buf[:0], 4+int(family>>60)%7, family)
	b = append(b, pick(t.Uint64(), "-", "-libs-", "-devel-", "-doc-", "-common-", "-plugin-")...)
	t.buf = strconv.AppendInt(b, int64(number), 36)
	return string(t.buf)
}

// version is one like 2.17.3; the middle part counts up with n.
func (t *text) version(n int) string {
	x := t.Uint64()
	b := append(t.buf[:0], byte('0'+x%8), '.')
	b = strconv.AppendInt(b, int64(n), 10)
	t.buf = strconv.AppendInt(append(b, '.'), int64(x>>8%20), 10)
	return string(t.buf)
}

// release is one like 14.el9.
func (t *text) release() string {
	t.buf = append(strconv.AppendInt(t.buf[:0], int64(1+t.below(60)), 10), ".el9"...)
	return string(t.buf)
}

// dependencies draws n of them.
func (t *text) dependencies(n int) (all []rpm.Dependency) {
	for range n {
		all = append(all, t.dependency())
	}
	return all
}

// dependency is on a library, a path or a package, one in three versioned.
func (t *text) dependency() rpm.Dependency {
	x := t.Uint64()
	stem := t.name(3 + int(x%10))
	switch x >> 32 % 4 {
	case 0:
		return rpm.Dependency{Name: "lib" + stem + ".so." + strconv.FormatUint(x>>16%90, 10) + "()(64bit)"}
	case 1:
		return rpm.Dependency{Name: stem, Flags: "GE", Epoch: "0", Version: t.version(int(x >> 16 % 30)), Release: t.release()}
	default:
		return rpm.Dependency{Name: stem + pick(x>>40, "", "-libs", "-common", "(x86-64)")}
	}
}
