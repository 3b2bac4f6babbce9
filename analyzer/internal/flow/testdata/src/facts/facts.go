// Package facts pins down what crosses packages.
package facts

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
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

// What callers need of helpers that open, hand over, unmarshal, cut and re-read.

func opens(url string) ([]byte, error) { // want opens:`reads\(-2->-2 io.ReadAll\) opens fetches`
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}

func twoDown(url string) (string, error) { // want twoDown:`fetches`
	b, err := opens(url)
	return strings.ToUpper(string(b)), err
}

func onlyAnError(url string) error { // want onlyAnError:`^opens$`
	_, err := opens(url)
	return err
}

func hands(url string, use func(io.Reader) error) error { // want hands:`fetches feeds\(1\)`
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	return use(resp.Body)
}

func unmarshals(b []byte, v any) error { return json.Unmarshal(b, v) } // want unmarshals:`parses\(0->1\)`

func result(b []byte) (*pair, error) { // want result:`parses\(0->-2\)`
	p := new(pair)
	return p, unmarshals(b, p)
}

func decodes(b []byte) (p pair, err error) { // want decodes:`parses\(0->-2\)`
	err = json.NewDecoder(bytes.NewReader(b)).Decode(&p)
	return p, err
}

func part(line string, n int) string { return strings.Split(line, "\t")[n] } // want part:`cuts\(0\)`

func reread(b []byte) io.Reader { return bytes.NewReader(b) } // want reread:`streams\(0\)`

func counts(b []byte) int { return bytes.Count(b, nil) }

type pair struct{ A, B string }
