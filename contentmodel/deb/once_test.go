package deb

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnceIsBounded: what there is no room for comes again, and that is told once.
func TestOnceIsBounded(t *testing.T) {
	notes := 0
	o := newOnce(func(string) { notes++ }, nil)
	o.most = 10
	pkg := func(i int) *Package { return &Package{Package: fmt.Sprint(i), Version: "1", Architecture: "all"} }
	for i := range 20 {
		require.False(t, o.met(pkg(i), 0))
	}
	require.Equal(t, 1, notes)
	o.last = true
	for i := range 20 {
		require.Equal(t, i < 10, o.met(pkg(i), 1), i)
	}
	require.Len(t, o.seen, 10)
	require.Equal(t, 1, notes)

	o = newOnce(nil, nil)
	o.last = true
	require.False(t, o.met(pkg(0), 0))
	require.Empty(t, o.seen, "one index alone needs no table")
}
