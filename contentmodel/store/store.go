package store

import (
	"context"
	"errors"
	"io"

	"github.com/syncmem/syncmem/contentmodel"
)

// ErrClosed is returned by a store after Close.
var ErrClosed = errors.New("the store is closed")

// ErrNotFound is returned by Body for content that is not kept.
var ErrNotFound = errors.New("no such content")

// Store keeps content, once each by kind and key. What is kept never changes:
// a key names its bytes, so a unit that is known is left as it is.
//
// All methods are safe for concurrent use, and Existing works while a Save
// runs. However large a unit or a batch, a call holds about 1 MiB beside the
// units themselves. When ctx ends, the call ends soon with ctx's error.
type Store interface {
	// Existing sets found[i] to whether units[i] is kept; found must be as long
	// as units. What a running Save adds may or may not be seen. After an error
	// found means nothing.
	Existing(ctx context.Context, units []contentmodel.Unit, found []bool) error

	// Save keeps the units that are not kept yet, all of them or, on any error,
	// none, and returns how many were new. Of units with the same kind and key
	// the first is kept, and counts once.
	Save(ctx context.Context, units []contentmodel.Unit) (saved int, err error)

	// Count is the number of units kept. It may read an index of the whole
	// store: a second for millions of units.
	Count(ctx context.Context) (int64, error)

	// Body writes the body of one unit to w, as its WriteBody wrote it when it
	// was saved, or fails with ErrNotFound before the first byte.
	Body(ctx context.Context, kind, key string, w io.Writer) error

	// Close waits for calls that run and frees everything. Later calls fail
	// with ErrClosed; a second Close does nothing.
	Close() error
}
