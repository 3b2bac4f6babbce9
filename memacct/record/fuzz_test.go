package record

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// use does with a record whatever can be done.
func use(t *testing.T, r *Record) {
	require.NoError(t, r.Print(io.Discard, 1000))
	_, err := json.Marshal(r)
	require.NoError(t, err)
}

// FuzzRead reads any bytes as a file.
func FuzzRead(f *testing.F) {
	b, a := budget(f, 1000)
	r := start(f, file(f), b, Options{Size: minSize})
	a.Charge(10)()
	require.NoError(f, r.Close())
	good, err := os.ReadFile(r.path)
	require.NoError(f, err)
	f.Add(good[:headerSize+2000])
	f.Add([]byte(magic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := read(bytes.NewReader(text), "file")
		if err == nil {
			require.GreaterOrEqual(t, int64(len(text)), r.Size)
		}
		if r != nil {
			use(t, r)
		}
	})
}

// FuzzPayload reads frames whose checksum is right and whose content is anything, behind a right header: what
// FuzzRead can't come by.
func FuzzPayload(f *testing.F) {
	s := Sample{Limit: 1, Source: "given", Accounts: []Account{{Name: "a"}}, Stages: []Stage{{Queue: "q", Gate: true}}}
	e := Event{Kind: "alarm", Text: "text"}
	var c, d coder
	s.code(&c)
	e.code(&d)
	f.Add(c.buf, uint8(kindSample))
	f.Add(d.buf, uint8(kindEvent))
	f.Add([]byte{}, uint8(kindEnd))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint8(kindSample))
	f.Fuzz(func(t *testing.T, payload []byte, k uint8) {
		if len(payload) > maxPayload {
			return
		}
		h := newHeader(Options{Size: minSize, Every: time.Second})
		body := make([]byte, h.Size)
		copy(body, h.encode())
		at := body[headerSize:][:frameSize+len(payload)]
		copy(at[frameSize:], payload)
		seal(at, h.ID, kind(k), time.Unix(0, int64(crc32.ChecksumIEEE(payload))), 1)
		r, err := read(bytes.NewReader(body), "file")
		require.NoError(t, err)
		require.LessOrEqual(t, len(r.Events)+len(r.Samples)+r.Damaged, 1)
		use(t, r)
	})
}
