// Package public has shapes of public reports, written anew, with the settings
// a user has.
package public

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"fetch"
)

type Release struct{ Tag, Notes, URL string }

type Catalog struct {
	Kind     string
	Projects map[string][]*Release
}

// A local index that two helpers decode.
func Open(name string) (*Catalog, error) {
	text, err := os.ReadFile(name) // want `it is decoded into Catalog`
	if err != nil {
		return nil, err
	}
	return fromText(text)
}

func fromText(text []byte) (*Catalog, error) {
	c := new(Catalog)
	if err := fetch.Fill(text, c); err != nil {
		return nil, err
	}
	return c, nil
}

const mostBytes = 64 << 20

// A check above the largest bound is none, and says that much is expected.
func Checked(name string) (list []Release, err error) {
	info, err := os.Stat(name)
	if err != nil || info.Size() > mostBytes {
		return nil, errors.New("no")
	}
	text, err := os.ReadFile(name) // want `it is decoded into \[\]Release`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// The callback keeps what it is handed.
func Body(address string) (all []byte, err error) {
	err = fetch.With(address, func(r io.Reader) error {
		all, err = io.ReadAll(r) // low `the body of a response is returned as bytes`
		return err
	})
	return all, err
}

// Read whole only to be written.
func Save(address, name string) error {
	text, err := fetch.Get(address) // want `fetch.Get > io.ReadAll holds .* it is only read again or written on`
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// Read whole only to be decompressed into a file.
func Unpack(address, name string) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body) // want `it is only read again or written on`
	if err != nil {
		return err
	}
	plain, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return err
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, plain)
	return errors.Join(err, out.Close())
}

// Kept to be sent once more.
func again(upload io.Reader) (func() io.Reader, error) {
	text, err := io.ReadAll(upload) // want `it is only read again or written on`
	if err != nil {
		return nil, err
	}
	return func() io.Reader { return bytes.NewReader(text) }, nil
}

type Table struct {
	Version int
	Rows    []Release
}

func (t *Table) UnmarshalBinary(text []byte) error { return json.Unmarshal(text, &t.Rows) }

type Cache struct {
	blobs  interface{ Load(key string) ([]byte, error) }
	tables map[string]*Table
}

// What is decompressed from memory may be of any size, and it is kept.
func (c *Cache) Reload(key string) error {
	packed, err := c.blobs.Load(key)
	if err != nil {
		return err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(r) // want `it is decoded into Table.*keeps what it read in c.tables\[key\]`
	if err != nil {
		return err
	}
	t := new(Table)
	if err := t.UnmarshalBinary(plain); err != nil {
		return err
	}
	c.tables[key] = t
	return nil
}

// A proxy that answers with all of upstream.
func Pass(w http.ResponseWriter, r *http.Request) {
	resp, err := http.Get("http://upstream" + r.URL.Path)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body) // want `first stage: Pass answers a request`
	if err != nil {
		return
	}
	w.Write(text)
}

// A part that is left as it is, and decoded when its kind is known.
func TwoSteps(address string, out chan<- Release) error {
	text, err := fetch.Get(address) // want `it is decoded into \[\]Release`
	if err != nil {
		return err
	}
	var head struct {
		Kind string
		Data json.RawMessage
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	var list []Release
	if err := json.Unmarshal(head.Data, &list); err != nil {
		return err
	}
	for _, r := range list {
		out <- r
	}
	return nil
}

// From here on nothing is to be said.

type Ask struct {
	MaxResults int
	After      string
}

// One page whose size the caller states.
func Some(base string, ask Ask) (list []Release, err error) {
	q := url.Values{}
	if ask.MaxResults > 0 {
		q.Set("max", strconv.Itoa(ask.MaxResults))
	}
	text, err := fetch.Get(base + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// One page whose size the function states.
func First(base string) (list []Release, err error) {
	q := url.Values{}
	q.Add("per_page", "50")
	text, err := fetch.Get(base + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// As many answers as questions.
func Lookup(base string, tags []string) (list []Release, err error) {
	ask, err := json.Marshal(tags)
	if err != nil {
		return nil, err
	}
	resp, err := http.Post(base, "application/json", bytes.NewReader(ask))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// A flat list in a local file.
func Favorites(name string) (list []Release, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// One item a task, whatever the variable that carries the task is called.
func Tasks(addresses []string, work chan<- func(), out chan<- []byte) {
	for _, a := range addresses {
		job := func() {
			if text, err := fetch.Get(a); err == nil {
				out <- text
			}
		}
		work <- job
	}
}

// The length is used, and the bytes as a whole.
func Sum(address string) (string, error) {
	text, err := fetch.Get(address)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(len(text), bytes.Count(text, nil)), nil
}
