package record

import (
	"fmt"
	"os"

	"github.com/syncmem/syncmem/memacct"
)

// FromEnv opens the record that an operator asks for:
//
//	MEMACCT_RECORD  /path/of/the/file
//
// Where it is not set it returns nil, which is a Recorder that does nothing. An error names the variable. A
// program should log it and go on: a sync is worth more than its record.
func FromEnv(b *memacct.Budget) (*Recorder, error) {
	const name = "MEMACCT_RECORD"
	path := os.Getenv(name)
	if path == "" {
		return nil, nil
	}
	r, err := Open(path, b, Options{})
	if err != nil {
		return nil, fmt.Errorf("memacct: %s=%s: %w (for example %s=/var/log/sync.memrec)", name, path, err, name)
	}
	return r, nil
}
