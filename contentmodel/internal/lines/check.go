package lines

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// CheckPath tells what is wrong with a repository's relative path. Empty
// elements are refused because two spellings would name one file, ".."
// because a mirror would write outside its folder.
func CheckPath(p []byte) error {
	if !utf8.Valid(p) || bytes.IndexByte(p, 0) >= 0 {
		return fmt.Errorf("path %s is not UTF-8 text", Quote(p))
	}
	if bytes.IndexByte(p, '\r') >= 0 { // never meant, and it would hide what follows on a terminal
		return fmt.Errorf("path %s has a carriage return in it", Quote(p))
	}
	for e := range bytes.SplitSeq(p, []byte("/")) {
		switch string(e) {
		case "":
			return fmt.Errorf("path %s is empty, or has a slash at an end, or two in a row", Quote(p))
		case "..":
			return fmt.Errorf("path %s has a \"..\" in it", Quote(p))
		}
	}
	return nil
}

// ParseSize reads a number of bytes in decimal digits alone. It does not
// allocate on success.
func ParseSize(b []byte) (int64, error) {
	if len(b) == 0 {
		return 0, errors.New("size is empty")
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("size %s is not a number", Quote(b))
		}
		d := int64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, fmt.Errorf("size %s is too large", Quote(b))
		}
		n = n*10 + d
	}
	return n, nil
}

// Quote quotes b for a message, cut to what a terminal can show: less of what
// is no text, because it takes four characters a byte.
func Quote(b []byte) string {
	const most = 80
	n := min(len(b), most)
	for len(fmt.Sprintf("%q", b[:n])) > 3*most/2 {
		n /= 2
	}
	if n < len(b) {
		return fmt.Sprintf("%q...", b[:n])
	}
	return fmt.Sprintf("%q", b)
}
