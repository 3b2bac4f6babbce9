// Package returns is analyzed with -firststage.returns.
package returns

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"strings"
)

type Item struct{ Name string }

func Rows(r io.Reader) (items []Item, err error) {
	rows := csv.NewReader(r)
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
		items = append(items, Item{row[0]}) // want `accumulate`
	}
}

func Elements(r io.Reader) ([]Item, error) {
	var all []Item
	dec := xml.NewDecoder(r)
	for {
		tok, err := dec.Token()
		if err != nil {
			return all, nil
		}
		if se, ok := tok.(xml.StartElement); ok {
			var it Item
			if err := dec.DecodeElement(&it, &se); err != nil {
				return nil, err
			}
			all = append(all, it) // want `accumulate`
		}
	}
}

func Dir(dir string) ([]Item, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Item
	for _, e := range entries {
		b, err := os.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		var it Item
		if err := json.Unmarshal(b, &it); err != nil {
			return nil, err
		}
		all = append(all, it) // want `every round of the loop reads another item`
	}
	return all, nil
}

// From here on nothing is to be said.

type Backend interface {
	ListObjects(prefix string) ([]Item, error)
}

// A part of a listing refers to what is held already.
func Filter(b Backend) ([]Item, error) {
	all, err := b.ListObjects("")
	if err != nil {
		return nil, err
	}
	var some []Item
	for _, it := range all {
		if it.Name != "" {
			some = append(some, it)
		}
	}
	return some, nil
}

// The fields of one paragraph.
func Paragraph(r io.Reader) (map[string][]string, error) {
	p := map[string][]string{}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		k, v, _ := strings.Cut(sc.Text(), ":")
		p[k] = append(p[k], v)
	}
	return p, sc.Err()
}

func FromMemory(text string) (all []Item) {
	sc := bufio.NewScanner(strings.NewReader(text))
	for sc.Scan() {
		all = append(all, Item{sc.Text()})
	}
	return all
}

// One file of many: every call of it is in a loop over what was listed.
func each(dir string, emit func([]Item)) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		items, err := lines(e.Name())
		if err != nil {
			return err
		}
		emit(items)
	}
	return err
}

func lines(path string) (all []Item, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		all = append(all, Item{sc.Text()})
	}
	return all, sc.Err()
}

// A parser that something calls for each file it finds.
func register(glob string, parse func(io.Reader) ([]Item, error)) {}

func init() { register("*.list", parseList) }

func parseList(r io.Reader) (all []Item, err error) {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		all = append(all, Item{sc.Text()})
	}
	return all, sc.Err()
}

// Into the document that is ranged over, and a list behind an interface.
func odd[S ~[]Item](r io.Reader, s S) map[string]any {
	var doc map[string]Item
	json.NewDecoder(r).Decode(&doc)
	fields := map[string]any{}
	for k, it := range doc {
		doc[k] = it
		s = append(s, it)
		fields[k] = append(fields[k].([]Item), it)
	}
	return fields
}
