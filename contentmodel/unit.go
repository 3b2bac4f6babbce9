package contentmodel

import "io"

// Unit is one content item on its way through a sync.
//
// A unit is owned by one goroutine at a time. Its methods must not change it,
// must give the same answer each time they are called, and must be safe to
// call while other goroutines only read the unit.
type Unit interface {
	// Kind is the content type: "file", "deb", "rpm". Stores keep it, so it
	// must never change for a format.
	Kind() string

	// Key is the natural key: what makes it the same unit at the next sync.
	// It is unique within Kind, and not empty.
	Key() string

	// WriteBody writes everything else a store keeps, as one JSON object. It
	// writes in pieces of a few KiB at most, so that a unit with a hundred
	// thousand files never has its body in memory beside itself. A byte that
	// is no UTF-8 is written as half a surrogate pair, \udc80 to \udcff, so that
	// none is lost. It returns the first error of w.
	WriteBody(w io.Writer) error
}
