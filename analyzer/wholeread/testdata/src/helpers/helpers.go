// Package helpers does what a first stage in another package is blamed for.
package helpers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
)

func Slurp(r io.Reader) ([]byte, error) { return io.ReadAll(r) }

func Slurp2(r io.Reader) ([]byte, error) {
	b, err := Slurp(r)
	return b, err
}

func Fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func CopyTo(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}

func Limited(r io.Reader, n int64) io.Reader { return io.LimitReader(r, n) }

func Safe(r io.Reader) io.Reader { return io.LimitReader(r, 1<<20) }

type Capped struct {
	r    io.Reader
	left int64
}

func (c *Capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.EOF
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

func NewCapped(r io.Reader) *Capped { return &Capped{r, 1 << 20} }

//memvet:limiter
type Meter struct{ io.Reader }

func GetJSON(url string, v any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

func EachFile(root string, do func(r io.Reader, path string) error) error {
	names, _ := filepath.Glob(root + "/*")
	for _, n := range names {
		if err := do(bytes.NewReader(nil), n); err != nil {
			return err
		}
	}
	return nil
}

// Later is declared above what it calls, which must not matter.
func Later(r io.Reader) ([]byte, error) { return later(r) }
func later(r io.Reader) ([]byte, error) { return io.ReadAll(r) }

type Source interface {
	//memvet:firststage
	Sync(r io.Reader) error
}
