package procmem

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramsAreWhatIsExecutable(t *testing.T) {
	spans, err := programs([]byte(`00400000-004ac000 r--p 00000000 fe:00 94                                 /bin/pro gram
004ac000-005ac000 r-xp 000ac000 fe:00 94                                 /bin/pro gram
005ac000-005b0000 rw-p 001ac000 fe:00 94                                 /bin/pro gram
005b0000-005c0000 rw-p 00000000 00:00 0 
c000000000-c000400000 rw-p 00000000 00:00 0                              [anon: Go: heap]
7f0000000000-7f0000100000 r--p 00000000 fe:00 95                         /var/data
7f0000100000-7f0000200000 r--s 00000000 fe:00 94                         /bin/pro gram
7f0000200000-7f0000300000 r-xp 00000000 fe:00 96                         /lib/libc.so
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]
`))
	require.NoError(t, err)
	require.Equal(t, []programSpan{
		{span{0x400000, 0x4ac000}, false},
		{span{0x4ac000, 0x5ac000}, false},
		{span{0x5ac000, 0x5b0000}, true},
		{span{0x7f0000200000, 0x7f0000300000}, false},
	}, spans, "its data too, and neither what others read of it nor what it reads of others")
	require.EqualValues(t, 0x2ac000, constantBytes(spans))
	_, err = programs([]byte("rubbish\n"))
	require.EqualError(t, err, `/proc/self/maps: not a mapping: "rubbish"`)
}
