package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/syncmem/syncmem/contentmodel"
)

// Unit is a unit with a body of any length, made up as it is written.
type Unit struct {
	Type string // the kind; "test" if empty
	Name string // the key
	Len  int    // bytes of the body
	// Broken makes WriteBody fail after so many bytes, unless it is 0.
	Broken int
	// Before runs before each piece is written, unless it is nil.
	Before func()
}

// ErrBroken is what a broken unit's WriteBody returns.
var ErrBroken = errors.New("this unit is broken")

// pieceBytes is the length of the pieces a body is written in.
const pieceBytes = 4 << 10

// Kind is Type, or "test".
func (u *Unit) Kind() string {
	if u.Type == "" {
		return "test"
	}
	return u.Type
}

// Key is Name.
func (u *Unit) Key() string { return u.Name }

// WriteBody writes Len bytes that depend on Name and place, in small pieces.
// They are no JSON, so that the suite also sees zeros and quotes pass.
func (u *Unit) WriteBody(w io.Writer) error {
	piece := make([]byte, pieceBytes)
	for at := 0; at < u.Len; at += len(piece) {
		if u.Before != nil {
			u.Before()
		}
		if u.Broken > 0 && at >= u.Broken {
			return ErrBroken
		}
		piece = piece[:min(pieceBytes, u.Len-at)]
		for i := range piece {
			piece[i] = u.Name[(at+i)%len(u.Name)] ^ byte((at+i)>>8)
		}
		if _, err := w.Write(piece); err != nil {
			return fmt.Errorf("wrapped: %w", err)
		}
	}
	return nil
}

// Body is the whole body at once.
func (u *Unit) Body() []byte {
	var b bytes.Buffer
	_ = (&Unit{Type: u.Type, Name: u.Name, Len: u.Len}).WriteBody(&b)
	return b.Bytes()
}

// Many makes n small units, numbered from first.
func Many(first, n int) []contentmodel.Unit {
	units := make([]contentmodel.Unit, n)
	for i := range units {
		units[i] = &Unit{Name: fmt.Sprintf("unit %07d", first+i), Len: 500 + i%700}
	}
	return units
}
