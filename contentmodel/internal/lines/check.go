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
	if err := checkText(p); err != nil {
		return err
	}
	switch {
	case len(p) == 0:
		return errors.New("path is empty")
	case p[0] == '/':
		return fmt.Errorf("path %s begins with a slash, and must be relative", Quote(p))
	case p[len(p)-1] == '/':
		return fmt.Errorf("path %s ends with a slash, and names no file", Quote(p))
	case bytes.Contains(p, []byte("//")):
		return fmt.Errorf("path %s has two slashes in a row", Quote(p))
	}
	return checkParents(p)
}

func checkText(p []byte) error {
	switch {
	case !utf8.Valid(p), bytes.IndexByte(p, 0) >= 0:
		return fmt.Errorf("path %s is not UTF-8 text", Quote(p))
	case bytes.IndexByte(p, '\r') >= 0: // never meant, and it would hide what follows on a terminal
		return fmt.Errorf("path %s has a carriage return in it", Quote(p))
	}
	return nil
}

func checkParents(p []byte) error {
	for e := range bytes.SplitSeq(p, []byte("/")) {
		if string(e) == ".." {
			return fmt.Errorf("path %s has a \"..\" in it", Quote(p))
		}
	}
	return nil
}

// CleanPath brings the spellings of one path together, in place: slashes at
// its beginning and twice in a row, and elements ".", say nothing. What would
// lead out of the repository, or names no file, is an error.
func CleanPath(p []byte) ([]byte, error) {
	if err := checkText(p); err != nil {
		return nil, err
	}
	if err := checkParents(p); err != nil {
		return nil, err
	}
	if len(p) > 0 && p[len(p)-1] == '/' {
		return nil, fmt.Errorf("path %s ends with a slash, and names no file", Quote(p))
	}
	to := p[:0]
	for e := range bytes.SplitSeq(p, []byte("/")) {
		if len(e) == 0 || string(e) == "." {
			continue
		}
		if len(to) > 0 {
			to = append(to, '/')
		}
		to = append(to, e...) // never past what was read
	}
	if len(to) == 0 {
		return nil, errors.New("path is empty")
	}
	return to, nil
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
