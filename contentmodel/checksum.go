package contentmodel

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Checksum is a digest by any of the hashes that repositories use, as its raw
// bytes: half of the hex form, and comparable. How many there are says which
// hash made it. The empty one means that none is known.
//
// Where only SHA-256 occurs, [Digest] is smaller.
type Checksum string

// hashes are the kinds of checksum, told apart by their length in bytes. The
// first name is ours, the others are what repositories call it, too.
var hashes = []struct {
	bytes int
	names []string
	open  func() hash.Hash
}{
	{md5.Size, []string{"md5"}, md5.New},
	{sha1.Size, []string{"sha1", "sha"}, sha1.New},
	{sha256.Size224, []string{"sha224"}, sha256.New224},
	{sha256.Size, []string{"sha256"}, sha256.New},
	{sha512.Size384, []string{"sha384"}, sha512.New384},
	{sha512.Size, []string{"sha512"}, sha512.New},
}

// ParseChecksum reads the hex digits, of either case, of a checksum of the
// kind: md5, sha1 (also called sha), sha224, sha256, sha384 or sha512, in any
// case. An empty kind is told by the number of digits. The error says what is
// wrong with s, not where it came from. It allocates the checksum alone.
func ParseChecksum[S string | []byte](kind string, s S) (Checksum, error) {
	var sum [sha512.Size + 1]byte // one more, which no hash has
	n := min(len(s)/2, len(sum))
	name := Checksum(sum[:n]).Type()
	if kind != "" {
		want, ok := canonical(kind)
		if !ok {
			return "", fmt.Errorf("checksums of type %s are not supported", quoteShort(kind))
		}
		if want != name {
			return "", fmt.Errorf("not a %s: has %d characters (%s)", want, len(s), quoteShort(s))
		}
	}
	if name == "" || len(s)%2 != 0 {
		return "", fmt.Errorf("not a checksum: has %d characters (%s)", len(s), quoteShort(s))
	}
	for i := range n {
		hi, okHi := nibble(s[2*i])
		lo, okLo := nibble(s[2*i+1])
		if !okHi || !okLo {
			return "", fmt.Errorf("not a checksum: %s is no pair of hex digits, at character %d", quoteShort(s[2*i:2*i+2]), 2*i+1)
		}
		sum[i] = hi<<4 | lo
	}
	return Checksum(sum[:n]), nil
}

// canonical is our name of a kind.
func canonical(kind string) (string, bool) {
	for _, h := range hashes {
		for _, n := range h.names {
			if strings.EqualFold(n, kind) {
				return h.names[0], true
			}
		}
	}
	return "", false
}

// Type is the name of the hash: "md5", "sha1", "sha224", "sha256", "sha384"
// or "sha512"; empty for no checksum.
func (c Checksum) Type() string {
	for i := range hashes {
		if hashes[i].bytes == len(c) {
			return hashes[i].names[0]
		}
	}
	return ""
}

// New is a hash of the checksum's kind, nil for no checksum: content has the
// checksum if its Sum is equal to it.
func (c Checksum) New() hash.Hash {
	for i := range hashes {
		if hashes[i].bytes == len(c) {
			return hashes[i].open()
		}
	}
	return nil
}

// String is the checksum in lower-case hex digits.
func (c Checksum) String() string { return hex.EncodeToString([]byte(c)) }
