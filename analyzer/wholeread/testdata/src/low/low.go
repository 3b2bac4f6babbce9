// Package low is analyzed with -confidence=low: each finding says its doubt.
package low

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type Entry struct{ Name, URL, Hash string }

func Favorites(name string) (list []Entry, err error) {
	text, err := os.ReadFile(name) // want `low confidence: a file of one flat list may be small`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

func settingsFrom(url string) (list []Entry, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body) // low `first stage: settingsFrom returns all it read as \[\]Entry\); low confidence: nothing here shows that it is large$`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

type Settings struct {
	Name    string
	Entries []Entry
}

func settings(url string) (*Settings, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var s Settings
	return &s, json.Unmarshal(text, &s)
}

func Recent(base string) (list []Entry, err error) {
	resp, err := http.Get(base + "/releases/recent")
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body) // want `low confidence: it may be a list of the newest`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

func EachOf(entries []Entry, use func([]Entry)) error {
	for _, e := range entries {
		resp, err := http.Get(e.URL)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body) // want `low confidence: it may be one item of many`
		if err != nil {
			return err
		}
		var list []Entry
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		use(list)
	}
	return nil
}

// Whoever made the request knows how much it asks for.
func send(req *http.Request) (*http.Response, []byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // want `low confidence: whoever made the request knows how much it asks for`
	return resp, body, err
}

// The next message of one connection.
type conn struct{ r io.ReadCloser }

func dial(url string) (*conn, error) { return nil, nil }

func (c *conn) next() ([]byte, error) {
	resp, err := http.Get("http://example.org/next")
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body) // want `the body of a response is returned as bytes`
}

func listen(url string, out chan<- []string) error {
	c, err := dial(url)
	if err != nil {
		return err
	}
	for {
		message, err := c.next() // want `low confidence: it may be one message of many`
		if err != nil {
			return err
		}
		var all []string
		if err := json.Unmarshal(message, &all); err != nil {
			return err
		}
		out <- all
	}
}

// What an API's client asks its server with: its callers know what is large.
type api struct{ base string }

func (a *api) lookup(path string) ([]byte, error) {
	resp, err := http.Get(a.base + path)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body) // want `low confidence: it is the transport of an API's client`
}

func (a *api) module(name string) ([]byte, error)  { return a.lookup("/mod/" + name) }
func (a *api) info(name string) ([]byte, error)    { return a.lookup("/info/" + name) }
func (a *api) archive(name string) ([]byte, error) { return a.lookup("/zip/" + name) }
