package a

import (
	"io"
	"os"
)

const fiftyMiB = 50 << 20

// A size check above the largest bound is none, as with a limiter.
//
//memvet:firststage
func checkedTooLate(f *os.File) {
	st, err := f.Stat()
	if err != nil || st.Size() > fiftyMiB {
		return
	}
	b, _ := io.ReadAll(f) // want `wholeread`
	println(string(b))
}

//memvet:firststage
func checkedSmall(f *os.File) {
	st, err := f.Stat()
	if err != nil {
		return
	}
	if st.Size() > 1<<20 {
		return
	}
	b, _ := io.ReadAll(f)
	println(string(b))
}
