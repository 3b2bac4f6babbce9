package jsonw

import (
	"bytes"
	"fmt"
	"strconv"
)

// Unquote is the inverse of [Writer.String]: it gives back the very bytes. It
// knows the escapes that String writes, and no others.
func Unquote(quoted []byte) (string, error) {
	n := len(quoted)
	if n < 2 || quoted[0] != '"' || quoted[n-1] != '"' {
		return "", fmt.Errorf("no string in quotes: %.80q", quoted)
	}
	in := quoted[1 : n-1]
	out := make([]byte, 0, len(in))
	for {
		i := bytes.IndexByte(in, '\\')
		if i < 0 {
			return string(append(out, in...)), nil
		}
		c, width := unescape(in[i:])
		if width == 0 {
			return "", fmt.Errorf("no escape of ours: %.80q", in[i:])
		}
		out = append(append(out, in[:i]...), c)
		in = in[i+width:]
	}
}

// unescape reads the escape that in begins with, and how long it is: 0 if it is none.
func unescape(in []byte) (c byte, width int) {
	const long = len(`\u0000`)
	switch {
	case len(in) < 2:
	case in[1] == '"' || in[1] == '\\':
		return in[1], 2
	case in[1] == 'n':
		return '\n', 2
	case len(in) >= long && (string(in[1:4]) == "u00" || string(in[1:4]) == "udc"):
		if n, err := strconv.ParseUint(string(in[4:long]), 16, 8); err == nil {
			return byte(n), long
		}
	}
	return 0, 0
}
