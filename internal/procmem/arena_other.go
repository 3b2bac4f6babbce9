//go:build !linux

package procmem

// HeapResident needs Linux; it returns [ErrUnsupported].
func HeapResident() (int64, error) { return 0, ErrUnsupported }

// HugePagesAlways reports false: only Linux has transparent huge pages that a process need not ask for.
func HugePagesAlways() bool { return false }

// SetHugePages needs Linux; it returns [ErrUnsupported].
func SetHugePages(bool) error { return ErrUnsupported }

// SetReadAround needs Linux; it returns [ErrUnsupported].
func SetReadAround(bool) error { return ErrUnsupported }

// LockCode needs Linux; it returns [ErrUnsupported].
func LockCode(int64) (bool, error) { return false, ErrUnsupported }

// UnlockCode needs Linux; it returns [ErrUnsupported].
func UnlockCode() error { return ErrUnsupported }
