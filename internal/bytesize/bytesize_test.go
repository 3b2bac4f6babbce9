package bytesize

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"64MiB": 64 * MiB, "64 mib": 64 * MiB, "1.5GiB": 3 * GiB / 2, "4096B": 4096, "0B": 0, "10kB": 10_000, "2TiB": 2 * TiB,
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseRefusesWithAHint(t *testing.T) {
	for text, hint := range map[string]string{
		"10": "10MiB", "": "not a byte count", "64M": "not a byte count", "-5": "not a byte count", "-1MiB": "not a byte count",
		"MiB": "not a byte count", "NaNMiB": "not a byte count", "99999999TiB": "more than any machine",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, hint, text)
	}
}

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 64 * MiB: "64.0 MiB", 3 * GiB / 2: "1.5 GiB", -2 * MiB: "-2.0 MiB", -1 << 63: "-8388608.0 TiB",
	} {
		require.Equal(t, want, Format(n))
	}
}

// What Format prints, Parse reads back to within the digit that was rounded away.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<50).Draw(t, "n")
		got, err := Parse(Format(n))
		require.NoError(t, err)
		require.InEpsilon(t, float64(n)+1, float64(got)+1, 0.05)
	})
}

func TestExactIsReadBack(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 5: "5B", 1 << 10: "1KiB", 1500 << 10: "1500KiB", 64 << 20: "64MiB", 64<<20 + 1: "67108865B", 3 << 40: "3TiB"} {
		require.Equal(t, want, Exact(n))
		back, err := Parse(Exact(n))
		require.NoError(t, err)
		require.Equal(t, n, back)
	}
}
