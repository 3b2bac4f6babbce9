// Package public has shapes of public reports, written anew, with the settings
// a user has.
package public

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"iter"
	"net/http"
)

type Module struct{ Path, Version string }

func All(url string) iter.Seq[Module] {
	return func(yield func(Module) bool) {
		resp, err := http.Get(url)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		var list []Module
		if json.NewDecoder(resp.Body).Decode(&list) != nil { // want `returns an iterator`
			return
		}
		for _, m := range list {
			if !yield(m) {
				return
			}
		}
	}
}

func Rewrite(w http.ResponseWriter, r *http.Request) {
	resp, err := http.Get("http://upstream" + r.URL.Path)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var list []Module
	if json.NewDecoder(resp.Body).Decode(&list) != nil { // want `answers a request with what it read`
		return
	}
	for i := range list {
		list[i].Version = "v" + list[i].Version
	}
	json.NewEncoder(w).Encode(list)
}

type Mirror struct{ feeds map[string]string }

// A loop over the settings is over feeds.
func (m *Mirror) Sync(save func(Module)) error {
	for _, url := range m.feeds {
		if err := m.feed(url, save); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mirror) feed(url string, save func(Module)) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var list []Module
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil { // want `has every item`
		return err
	}
	for _, l := range list {
		save(l)
	}
	return nil
}

// From here on nothing is to be said.

type Post struct {
	Title string `xml:"title"`
}

type Blog struct {
	Posts []Post `xml:"channel>item"`
}

type Nested struct {
	Channel struct {
		Posts []Post `xml:"item"`
	} `xml:"channel"`
}

type Atom struct {
	XMLName xml.Name `xml:"feed"`
	Posts   []Post   `xml:"entry"`
}

func rss(r io.Reader) (b Blog, err error)      { return b, xml.NewDecoder(r).Decode(&b) }
func nested(r io.Reader) (n Nested, err error) { return n, xml.NewDecoder(r).Decode(&n) }
func atom(r io.Reader) (a Atom, err error)     { return a, xml.NewDecoder(r).Decode(&a) }
