package record

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// memory is a file in memory, which may stop taking bytes in the middle of a write, as a killed process does.
type memory struct {
	body []byte
	left int // bytes until the kill; negative: none is to come
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if m.left >= 0 {
		p = p[:min(len(p), m.left)]
		m.left -= len(p)
	}
	return copy(m.body[at:], p), nil
}

// Whatever is written, and wherever a kill cuts it off, what is read is a run of what was written, whole and in
// order, that ends with the last write that was complete.
func TestRingKeepsTheLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const id = 42
		r := ring{base: 64, size: rapid.Int64Range(1, 40).Draw(t, "blocks") * align}
		m := &memory{body: make([]byte, r.base+r.size), left: -1}
		most := min(300, int(r.size)-frameSize)
		var sent [][]byte
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, most), 1, 60).Draw(t, "lengths") {
			buf := make([]byte, frameSize+n, maxFrame)
			for i := range n {
				buf[frameSize+i] = byte(len(sent))
			}
			sent = append(sent, slices.Clone(buf[frameSize:]))
			require.NoError(t, r.put(m, id, kindSample, time.Unix(0, int64(len(sent))), buf))
		}
		whole := uint64(len(sent))
		if rapid.Bool().Draw(t, "killed") {
			m.left = rapid.IntRange(0, most+frameSize-1).Draw(t, "left")
			buf := make([]byte, frameSize+most, maxFrame)
			sent = append(sent, slices.Clone(buf[frameSize:]))
			_ = r.put(m, id, kindSample, time.Unix(0, int64(len(sent))), buf)
		}
		got := scan(m.body[r.base:], id)
		for i, f := range got {
			require.Equal(t, got[0].seq+uint64(i), f.seq, "no gap")
			require.Equal(t, sent[f.seq-1], slices.Clone(f.payload))
			require.EqualValues(t, f.seq, f.at.UnixNano())
		}
		if whole == uint64(len(sent)) {
			require.Equal(t, whole, got[len(got)-1].seq)
		} else if len(got) > 0 { // a torn one as large as the ring may leave nothing
			require.GreaterOrEqual(t, got[len(got)-1].seq, whole)
		}
		require.Empty(t, scan(m.body[r.base:], id+1), "frames of another file are none of this")
	})
}

// A byte that changes costs the frame that it is in, and no other.
func TestOneBadByteCostsOneFrame(t *testing.T) {
	b, _ := budget(t, 1000)
	r := start(t, file(t), b, Options{Size: minSize, Every: time.Hour})
	for range 20 {
		r.take()
	}
	require.NoError(t, r.Close())
	good, err := os.ReadFile(r.path)
	require.NoError(t, err)
	whole := reread(t, r.path)
	_, samples := rings(minSize)
	frames := scan(good[samples.base:], r.id)
	rapid.Check(t, func(rt *rapid.T) {
		bad := slices.Clone(good)
		at := rapid.IntRange(0, int(r.samples.at)-1).Draw(rt, "at")
		bad[samples.base+int64(at)] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		rec, err := Read(forge(t, bad))
		require.NoError(rt, err)
		require.GreaterOrEqual(rt, len(rec.Samples), len(frames)-1)
		require.LessOrEqual(rt, rec.Damaged, 1)
		require.Equal(rt, whole.Ended, rec.Ended)
		require.Len(rt, rec.Events, len(whole.Events))
	})
}
