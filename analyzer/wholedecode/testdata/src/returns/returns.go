// Package returns is analyzed with -firststage.returns.
package returns

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

type Item struct {
	Name, A, B, C, D, E string
	Refs                []Ref
}

type Ref struct{ Kind, URL, Note string }

type Root struct {
	XMLName     xml.Name
	Generator   string
	Definitions struct{ List []Item }
	Tests       struct{ Lines, RPM []Ref }
}

type Page struct {
	Next  string
	Items []Item
}

func Parse(r io.Reader) ([]Item, error) {
	var root Root
	if err := xml.NewDecoder(r).Decode(&root); err != nil { // want `Parse returns all it read as \[\]Item`
		return nil, err
	}
	return root.Definitions.List, nil
}

// A feed of each year is a whole document each.
func Years(years []string, save func([]Item) error) error {
	for _, y := range years {
		resp, err := http.Get("https://example.org/" + y)
		if err != nil {
			return err
		}
		var list []Item
		if err := json.NewDecoder(resp.Body).Decode(&list); err != nil { // low `wholedecode`
			return err
		}
		if err := saveAll(list); err != nil {
			return err
		}
	}
	return nil
}

func saveAll([]Item) error { return nil }

// From here on nothing is to be said.

// One item of a list that was fetched.
func Details(list []Item) ([]Page, error) {
	var all []Page
	for _, it := range list {
		resp, err := http.Get(it.Name)
		if err != nil {
			return nil, err
		}
		var p Page
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func Pages() (all []Item, err error) {
	for offset := 0; ; offset += 100 {
		resp, err := http.Get(fmt.Sprintf("https://example.org?offset=%d", offset))
		if err != nil {
			return nil, err
		}
		var p Page
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || len(p.Items) == 0 {
			return all, err
		}
		all = append(all, p.Items...)
	}
}

func listPage(url string) (*Page, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	p := new(Page)
	return p, json.NewDecoder(resp.Body).Decode(p)
}

// One file of many: every call is in a walk.
func Walk(root string) (all []Item, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		items, err := parseFile(path)
		all = append(all, items...)
		return err
	})
	return all, err
}

func parseFile(path string) ([]Item, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var items []Item
	return items, json.NewDecoder(f).Decode(&items)
}

func one(r io.Reader) (*Item, error) {
	var it Item
	return &it, json.NewDecoder(r).Decode(&it)
}

func byIndex(list []Item, save func(Page)) error {
	for i := 0; i < len(list); i++ {
		resp, err := http.Get(list[i].Name)
		if err != nil {
			return err
		}
		var p Page
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			return err
		}
		save(p)
	}
	return nil
}
