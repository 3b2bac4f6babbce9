// Package filelock opens files that one process at a time may write, and tells whether that process lives.
package filelock

import "errors"

// ErrLocked says that another process, or somebody else in this one, has the file open for writing.
var ErrLocked = errors.New("locked")
