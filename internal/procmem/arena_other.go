//go:build !linux

package procmem

// HeapResident needs Linux; it returns [ErrUnsupported].
func HeapResident() (int64, error) { return 0, ErrUnsupported }
