package advice

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"

	"gopkg.in/yaml.v3"
)

type Item struct {
	Name string
	Tags []string
}

type Index struct {
	Title string
	Items []Item
}

func List(r io.Reader) ([]Item, error) {
	var list []Item
	return list, json.NewDecoder(r).Decode(&list) // want `step through it with Token and More, and Decode one item at a time; take a func\(Item\) error, or return an iter.Seq2\[Item, error\], instead of \[\]Item \(first`
}

func ByName(r io.Reader) (map[string]Item, error) {
	var all map[string]Item
	return all, json.NewDecoder(r).Decode(&all) // want `step through it with Token for each key, and Decode one value at a time; take a func\(string, Item\) error instead of map\[string\]Item \(first`
}

func XML(r io.Reader) (*Index, error) {
	var index Index
	return &index, xml.NewDecoder(r).Decode(&index) // want `go through it with Token, and DecodeElement each item; take a func\(Item\) error instead of returning \*Index \(first`
}

func YAML(r io.Reader) ([]Item, error) {
	var list []Item
	return list, yaml.NewDecoder(r).Decode(&list) // want `Decode one document after the other; a list in one YAML document has no streaming form`
}

// The items go on one by one here: the signature is fine as it is.
func Each(r io.Reader, emit func(Item)) error {
	var index struct {
		Title string
		Items []Item
	}
	if err := json.NewDecoder(r).Decode(&index); err != nil { // want `it is decoded into struct\{...\}, which has every item; step through it with Token and More, and Decode one item at a time \(first`
		return err
	}
	for _, i := range index.Items {
		emit(i)
	}
	return nil
}

func get(address string, v any) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

func Remote(address string) (list []Item, err error) {
	return list, get(address, &list) // low `let advice.get take a function that is given the reader, and step through it with Token and More`
}
