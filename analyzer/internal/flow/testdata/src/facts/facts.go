// Package facts pins down what crosses packages.
package facts

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
)

func Slurp(r io.Reader) ([]byte, error) { // want Slurp:`reads\(0->-2 io.ReadAll\)`
	return io.ReadAll(r)
}

func Second(n int, r io.Reader) (int, []byte) { // want Second:`reads\(1->-3 facts.Slurp > io.ReadAll\)`
	b, _ := Slurp(r)
	return n, b
}

func Fetch(url string, v any) error { // want Fetch:`decodes\(-2->1 json.Decoder.Decode\) opens`
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

func TwoSteps(url string, v any) error { // want TwoSteps:`decodes\(-2->1 io.ReadAll\) opens`
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func Copy(w io.Writer, r io.Reader) { io.Copy(w, r) } // want Copy:`reads\(1->0 io.Copy\)`

func Limit(r io.Reader, n int64) io.Reader { // want Limit:`limits\(0\)`
	return io.LimitReader(r, n)
}

func Safe(r io.Reader) io.Reader { return io.LimitReader(r, 10) } // want Safe:`bounded`

func Each(root string, do func(string)) { // want Each:`walks\(1\)`
	names, _ := filepath.Glob(root)
	for _, n := range names {
		do(n)
	}
}

func Nested(root string, do func(string)) { // want Nested:`walks\(1\)`
	Each(root, do)
}

type S interface {
	//memvet:firststage
	Sync() // want Sync:`firststage`
}

func Once(do func(string)) { do("") }

func Bounded(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, 10))
	return b
}

// Recursive and mutually recursive helpers end.
func A(r io.Reader) ([]byte, error) { return B(r) }
func B(r io.Reader) ([]byte, error) { return A(r) }
