// Package scratch makes temporary files that nothing leaves behind.
package scratch

import (
	"fmt"
	"os"
	"runtime"
)

// File is a temporary file. Close removes it; where the system allows it the
// name is gone from the beginning, so that no end of the process leaves it.
type File struct{ *os.File }

// Open makes one in dir, or where the system has such files if dir is empty.
// The error says what it would have been for.
func Open(dir, why string) (File, error) {
	f, err := os.CreateTemp(dir, "syncmem-*")
	if err != nil {
		return File{}, fmt.Errorf("%s, and there is no room to sort it: %w", why, err)
	}
	if runtime.GOOS != "windows" { // there a file that is open can't be removed
		_ = os.Remove(f.Name())
	}
	return File{f}, nil
}

// Close frees the file. Of a File that was never opened it does nothing.
func (f File) Close() {
	if f.File != nil {
		_ = f.File.Close()
		_ = os.Remove(f.Name())
	}
}
