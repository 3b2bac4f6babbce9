// Package third uses modules whose bodies say nothing: they are in the table.
package third

import (
	"bytes"
	"io"

	"github.com/go-resty/resty/v2"
)

//memvet:firststage
func client(r *resty.Request) {
	resp, _ := r.Get("https://example.org")
	use(resp.Body()) // want `resty.Response.Body holds a whole stream`
}

type sink struct{ bytes.Buffer }

//memvet:firststage
func embedded(r io.Reader) {
	var s sink
	s.ReadFrom(r) // want `bytes.Buffer.ReadFrom holds a whole stream`
	use(s.Bytes())
}

//memvet:firststage
func named(r io.Reader) (b []byte, err error) {
	b, err = io.ReadAll(r)
	return
}

//memvet:firststage
func later(r io.Reader) {
	b, _ := named(r) // want `third.named > io.ReadAll`
	defer use(b)
	go func() {
		c, _ := io.ReadAll(r) // want `wholeread`
		use(c)
	}()
}

func use([]byte) {}
