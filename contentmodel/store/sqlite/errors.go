package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// advice puts SQLite's result codes into words for whoever reads the message.
var advice = map[int]string{
	sqlite3.SQLITE_CANTOPEN: "cannot be opened or made; check that its folder is there and may be written",
	sqlite3.SQLITE_NOTADB:   "is not a SQLite database; choose another file",
	sqlite3.SQLITE_BUSY:     "is locked by another process; wait until that is done, or use another file",
	sqlite3.SQLITE_READONLY: "cannot be written; check its permissions and those of its folder",
	sqlite3.SQLITE_PERM:     "cannot be opened; check its permissions",
	sqlite3.SQLITE_FULL:     "disk is full; free some space and run again",
	sqlite3.SQLITE_IOERR:    "disk error",
	sqlite3.SQLITE_CORRUPT:  "is damaged; restore it, or remove it and sync anew",
}

// explain names the file in an error, once, and says what to do. Errors that
// have nothing to do with the file pass as they are.
func (s *db) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		if words := advice[e.Code()&0xff]; words != "" { // the low byte is the class
			return fmt.Errorf("store %s: %s (%w)", s.path, words, err)
		}
	}
	return fmt.Errorf("store %s: %w", s.path, err)
}
