// Package returns is analyzed with -firststage.returns.
package returns

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

type Item struct {
	Name, A, B, C, D, E string
	Tags                []string
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body) // low `the body of a response is returned as bytes`
}

func lines(r io.Reader) ([]Item, error) {
	b, err := io.ReadAll(r) // want `returned at once`
	var all []Item
	for _, l := range strings.Split(string(b), "\n") {
		all = append(all, Item{Name: l})
	}
	return all, err
}

func oneItem(resp *http.Response) (*Item, error) {
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var it Item
	return &it, json.Unmarshal(b, &it)
}

func pages(client *http.Client) ([]Item, error) {
	var all []Item
	for page := 1; ; page++ {
		resp, err := client.Get(fmt.Sprintf("https://example.org?per_page=100&page=%d", page))
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		var items []Item
		if err := json.Unmarshal(b, &items); err != nil || len(items) == 0 {
			return all, err
		}
		all = append(all, items...)
	}
}

// A helper that reads its parameter is its callers' business.
func helper(r io.Reader) ([]byte, error) { return io.ReadAll(r) }

// The second result is the body; the response's type is a name for a pointer.
type Response *http.Response

func get(url string) (Response, []byte, []error) {
	var resp Response
	resp, err := http.Get(url)
	if err != nil {
		return nil, nil, []error{err}
	}
	body, _ := io.ReadAll(resp.Body)
	return resp, body, nil
}

func viaGet(url string, save func(Item) error) error {
	_, body, _ := get(url) // want `nothing bounds it.*; it is reached from get, too`
	for _, l := range strings.Split(string(body), "\n") {
		if err := save(Item{Name: l}); err != nil {
			return err
		}
	}
	return nil
}

// What is returned is not made of what was read: that is one field.
type Question struct{ Name, Default string }

func questions(r io.Reader) ([]*Question, error) {
	var all []*Question
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text := string(b)
	for _, name := range []string{"summary", "body"} {
		all = append(all, &Question{name, text})
	}
	return all, nil
}

type document struct{ items []Item }

func parse(text []byte) (*document, error) { return &document{}, nil }

func parsed(r io.Reader) ([]Item, error) {
	b, err := io.ReadAll(r) // want `returned at once`
	if err != nil {
		return nil, err
	}
	d, err := parse(b)
	return d.items, err
}

func buffered(r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(r) // want `it is only read again or written on`
	return bytes.NewReader(b), err
}

// Its caller wants the hash before it can use the stream, which is gone by then.
func hashed(r io.Reader) ([32]byte, io.Reader, error) {
	b, err := io.ReadAll(r)
	return sha256.Sum256(b), bytes.NewReader(b), err
}

func counted(r io.Reader) (n int, again io.Reader, err error) {
	b, err := io.ReadAll(r)
	return len(b), bytes.NewReader(b), err
}
