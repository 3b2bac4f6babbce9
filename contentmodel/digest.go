package contentmodel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest is a SHA-256 in its 32 raw bytes: half of the hex form, without a
// pointer for the garbage collector to follow, and comparable.
//
// It reads and writes itself as 64 lower-case hex digits in text and JSON.
type Digest [sha256.Size]byte

// ParseDigest reads 64 hex digits of either case. The error says what is
// wrong with s but not where s came from; callers add file and line.
func ParseDigest(s string) (Digest, error) {
	return parseDigest(s)
}

// ParseDigestBytes is [ParseDigest] for a line that is still in a read
// buffer. It keeps nothing of b and does not allocate on success.
func ParseDigestBytes(b []byte) (Digest, error) {
	return parseDigest(b)
}

func parseDigest[S string | []byte](s S) (d Digest, err error) {
	if len(s) != 2*len(d) {
		return d, fmt.Errorf("not a SHA-256: want %d hex digits, have %d characters (%s)", 2*len(d), len(s), quoteShort(s))
	}
	for i := range d {
		hi, okHi := nibble(s[2*i])
		lo, okLo := nibble(s[2*i+1])
		if !okHi || !okLo {
			return Digest{}, fmt.Errorf("not a SHA-256: %s is no pair of hex digits, at character %d", quoteShort(s[2*i:2*i+2]), 2*i+1)
		}
		d[i] = hi<<4 | lo
	}
	return d, nil
}

// nibble is the value of one hex digit.
func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// quoteShort quotes s for a message, cut to a length a terminal can show.
func quoteShort[S string | []byte](s S) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}

// String is the digest as 64 lower-case hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d was never set. No known content has this digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// Checksum is the same digest as a Checksum, the empty one if d was never set.
func (d Digest) Checksum() Checksum {
	if d.IsZero() {
		return ""
	}
	return Checksum(d[:])
}

// AppendText appends the 64 hex digits to b. It never fails.
func (d Digest) AppendText(b []byte) ([]byte, error) { return hex.AppendEncode(b, d[:]), nil }

// MarshalText is the 64 hex digits, also inside JSON. It never fails.
func (d Digest) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText is [ParseDigestBytes]; on error d is left as it was.
func (d *Digest) UnmarshalText(b []byte) error {
	v, err := ParseDigestBytes(b)
	if err == nil {
		*d = v
	}
	return err
}
