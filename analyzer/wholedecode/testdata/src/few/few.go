// Package few has documents that are bounded by their format or by what is asked
// for, and their neighbours that are not.
package few

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

type Entry struct{ ID, Title, Link string }

type Atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Entries []Entry  `xml:"http://www.w3.org/2005/Atom entry"`
}

type RDF struct {
	XMLName xml.Name `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF"`
	Items   []Entry  `xml:"http://purl.org/rss/1.0/ item"`
}

type OPML struct {
	XMLName xml.Name `xml:"opml"`
	Body    struct {
		Outlines []Entry `xml:"outline"`
	} `xml:"body"`
}

type JSONFeed struct {
	Home  string  `json:"home_page_url"`
	Items []Entry `json:"items"`
}

type Catalog struct {
	XMLName xml.Name `xml:"http://example.org/catalog catalog"`
	Entries []Entry  `xml:"http://example.org/catalog entry"`
}

func atom(r io.Reader) (d Atom, err error)     { return d, xml.NewDecoder(r).Decode(&d) }
func rdf(r io.Reader) (d RDF, err error)       { return d, xml.NewDecoder(r).Decode(&d) }
func opml(r io.Reader) (d OPML, err error)     { return d, xml.NewDecoder(r).Decode(&d) }
func feed(r io.Reader) (d JSONFeed, err error) { return d, json.NewDecoder(r).Decode(&d) }
func catalog(r io.Reader) (d Catalog, err error) {
	return d, xml.NewDecoder(r).Decode(&d) // want `decoded into Catalog, which has every item`
}

func get(address string, v any) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

func sized(page string, n int) (all []Entry, err error) {
	return all, get(fmt.Sprintf("%s?start=0&limit=%d", page, n), &all)
}

func hundred() (all []Entry, err error) {
	return all, get("https://example.org/repos?sort=updated&per_page=100", &all)
}

func graph() (all []Entry, err error) {
	const query = "{ viewer { repositories(first: 50) { nodes { id } } } }"
	return all, get("https://example.org/graph?q="+query, &all)
}

func unlimited() (all []Entry, err error) {
	return all, get("https://example.org/repos?limit=0", &all) // low `decoded into \[\]Entry, which has every item`
}
