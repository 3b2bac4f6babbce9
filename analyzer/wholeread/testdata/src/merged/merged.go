// Package merged has reads that several functions reach, and ignores on some of
// the places.
package merged

import (
	"io"
	"net/http"
)

func get(address string) (*http.Response, error) { return http.Get(address) }

func read(address string) ([]byte, error) {
	resp, err := get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body) //memvet:ignore wholeread each is a few bytes
}

// The read itself is said to be fine.
func first(w http.ResponseWriter, address string) {
	b, _ := read(address)
	w.Write(b)
}

func fill(r io.Reader) []byte {
	b, _ := io.ReadAll(r)
	return b
}

// One caller knows that its stream is short; the others are told.
func short(w http.ResponseWriter, address string) {
	resp, _ := get(address)
	b := fill(resp.Body) //memvet:ignore wholeread a checksum
	w.Write(b)
}

func long(w http.ResponseWriter, address string) {
	resp, _ := get(address)
	b := fill(resp.Body) // want `merged.fill > io.ReadAll holds a whole stream .*; it is reached from longer, too`
	w.Write(b)
}

func longer(w http.ResponseWriter, address string) {
	resp, _ := get(address)
	b := fill(resp.Body)
	w.Write(b)
}
