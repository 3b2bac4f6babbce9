// Package names has what names may and may not say: by default a list is a
// finding whatever it is called.
package names

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
)

type Advisory struct {
	ID, Title, Text, Severity, Published string
	Affected                             []Product
}

type Product struct{ Name, Version string }

type Policy struct{ ID, Text, Owner string }

// What the receiver is called says where its settings are from.
type Config struct{ URL string }

func (c Config) Update(save func(Advisory) error) error {
	resp, err := http.Get(c.URL)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var document struct {
		Date       string
		Advisories []Advisory
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil { // want `Config.Update`
		return err
	}
	for _, a := range document.Advisories {
		if err := save(a); err != nil {
			return err
		}
	}
	return nil
}

// A list of policies may be of any length.
func FetchPolicies(url string) ([]Policy, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list []Policy
	return list, json.NewDecoder(resp.Body).Decode(&list) // low `FetchPolicies`
}

type ServerConfig struct {
	Name    string
	Mirrors []Product
}

// Configuration with a list in it.
func LoadConfig(url string) (*ServerConfig, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var c ServerConfig
	return &c, json.NewDecoder(resp.Body).Decode(&c)
}

type Branches struct{ Branches []string }

func Versions(url string) ([]string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var b Branches
	return b.Branches, json.NewDecoder(resp.Body).Decode(&b) // low `a list of plain names may be short`
}

// Each branch has a list, whose items are the units.
func All(url string, branches []string, save func(Product) error) error {
	known, err := Versions(url)
	if err != nil {
		return err
	}
	for _, b := range known {
		resp, err := http.Get(url + b)
		if err != nil {
			return err
		}
		var list []Product
		err = json.NewDecoder(resp.Body).Decode(&list) // want `All`
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		for _, p := range list {
			if err := save(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// Each has a document that is the unit, although it has a list.
func Each(url string, keep func([]Product) error) error {
	known, err := Versions(url)
	if err != nil {
		return err
	}
	for _, b := range known {
		resp, err := http.Get(url + b)
		if err != nil {
			return err
		}
		var list []Product
		err = json.NewDecoder(resp.Body).Decode(&list) // low `it may be one item of many`
		if err = errors.Join(err, resp.Body.Close(), keep(list)); err != nil {
			return err
		}
	}
	return nil
}

// A member of an archive after the other.
func Members(name string, save func(*[]Product) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	members := tar.NewReader(f)
	for {
		if _, err := members.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		one, err := load(members)
		if err = errors.Join(err, save(one)); err != nil {
			return err
		}
	}
}

func load(r io.Reader) (*[]Product, error) {
	var list []Product
	return &list, json.NewDecoder(r).Decode(&list)
}

// The mirrors hold the same: one of them is read.
func FromMirrors(urls []Product, save func(Product) error) ([]Product, error) {
	for _, u := range urls {
		list, err := fetchFrom(u.Name)
		if err != nil {
			continue
		}
		return list, nil
	}
	return nil, errors.New("no mirror works")
}

func fetchFrom(url string) (list []Product, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return list, json.NewDecoder(resp.Body).Decode(&list) // low `fetchFrom`
}

type Page struct {
	Items         []Product
	Total         int
	NextPageToken string
}

// One page of an answer.
func Search(url string) (*Page, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var p Page
	return &p, json.NewDecoder(resp.Body).Decode(&p) // low `it is one page, which says where the next one is`
}
