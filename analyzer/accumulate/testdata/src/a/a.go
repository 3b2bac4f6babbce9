package a

import (
	"strings"
	"bufio"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

type Unit struct{ Name string }

func parse(s string) Unit  { return Unit{s} }
func save(us []Unit) error { return nil }

func loopThenEmit(r io.Reader, emit func(Unit)) error {
	var all []Unit
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		all = append(all, parse(sc.Text())) // want `memvet/accumulate: all collects every item .* the loop runs until the stream ends`
	}
	for _, u := range all {
		emit(u)
	}
	return sc.Err()
}

//memvet:firststage
func byName(r io.Reader) (map[string]Unit, error) {
	m := map[string]Unit{}
	dec := json.NewDecoder(r)
	for {
		var u Unit
		if err := dec.Decode(&u); err == io.EOF {
			return m, nil
		} else if err != nil {
			return nil, err
		}
		m[u.Name] = u // want `accumulate`
	}
}

//memvet:firststage
func walk(root string) error {
	var all []Unit
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		var u Unit
		if err := json.NewDecoder(f).Decode(&u); err != nil {
			return err
		}
		all = append(all, u) // want `the callback runs once for every file`
		return nil
	})
	if err != nil {
		return err
	}
	return save(all)
}

//memvet:firststage
func drain(in chan Unit, r io.Reader) []Unit {
	var all []Unit
	for u := range in {
		all = append(all, u) // want `the channel is drained first`
	}
	return all
}

//memvet:firststage
func pages(c *http.Client) (all []string, err error) {
	next := "https://example.org/list"
	for next != "" {
		resp, err := c.Get(next)
		if err != nil {
			return nil, err
		}
		var page struct {
			Next  string
			Names []string
		}
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			return nil, err
		}
		all = append(all, page.Names...) // want `every page is collected`
		next = page.Next
	}
	return all, nil
}

type Feed struct{ Items []Unit }

//memvet:firststage
func secondCopy(r io.Reader) ([]Unit, error) {
	var f Feed
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, err
	}
	var kept []Unit
	for _, u := range f.Items {
		if u.Name != "" {
			kept = append(kept, renamed(u)) // want `second copy of the decoded document`
		}
	}
	return kept, nil
}

func renamed(u Unit) Unit { u.Name = strings.ToLower(u.Name); return u }

type index struct{ units []Unit }

//memvet:firststage
func (ix *index) load(r io.Reader) {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		ix.units = append(ix.units, parse(sc.Text())) // want `accumulate`
	}
}

// From here on nothing is to be said.

//memvet:firststage
func batches(r io.Reader) error {
	var batch []Unit
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		batch = append(batch, parse(sc.Text()))
		if len(batch) == 100 {
			if err := save(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return save(batch)
}

//memvet:firststage
func page(r io.Reader, limit int) []Unit {
	var all []Unit
	sc := bufio.NewScanner(r)
	for sc.Scan() && len(all) < limit {
		all = append(all, parse(sc.Text()))
	}
	return all
}

//memvet:firststage
func dedupe(r io.Reader, emit func(Unit)) {
	seen := map[string]struct{}{}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		if _, ok := seen[sc.Text()]; !ok {
			seen[sc.Text()] = struct{}{}
			emit(parse(sc.Text()))
		}
	}
}

//memvet:firststage
func perItem(r io.Reader, emit func([]Unit)) {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		var parts []Unit
		for _, f := range filepath.SplitList(sc.Text()) {
			parts = append(parts, parse(f))
		}
		emit(parts)
	}
}

//memvet:firststage
func unused(r io.Reader) {
	var all []Unit
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		all = append(all, parse(sc.Text()))
	}
	println(len(all))
}

func convert(in []Unit) []Unit {
	var out []Unit
	for _, u := range in {
		out = append(out, u)
	}
	return out
}

//memvet:firststage
func errs(r io.Reader) []error {
	var all []error
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		all = append(all, io.ErrNoProgress)
	}
	return all
}

type pager struct{}

func (*pager) HasMorePages() bool           { return false }
func (*pager) NextPage() ([]*string, error) { return nil, nil }

//memvet:firststage
func keys(p *pager, r io.Reader) []string {
	var all []string
	for p.HasMorePages() {
		page, _ := p.NextPage()
		for _, k := range page {
			all = append(all, *k) // want `every page is collected`
		}
	}
	return all
}

func fetchPage(n int) ([]Unit, error) {
	resp, err := http.Get("https://example.org")
	if err != nil {
		return nil, err
	}
	var us []Unit
	return us, json.NewDecoder(resp.Body).Decode(&us)
}

//memvet:firststage
func numbered(r io.Reader) (all []Unit, err error) {
	for n := 1; ; n++ {
		us, err := fetchPage(n)
		if err != nil || len(us) == 0 {
			return all, err
		}
		all = append(all, us...) // want `every page is collected`
	}
}

//memvet:firststage
func paths(r io.Reader, root string) (all []string) {
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		all = append(all, path)
		return nil
	})
	return all
}

// What is put into a map empty is an index: what is put into that is judged there.
//
//memvet:firststage
func byKey(r io.Reader, units <-chan Pair) map[string]map[string]bool {
	index := map[string]map[string]bool{}
	for u := range units {
		if index[u.Key] == nil {
			index[u.Key] = map[string]bool{}
		}
		index[u.Key][u.Value] = true
	}
	return index
}

//memvet:firststage
func grouped(r io.Reader, units <-chan Pair) map[string][]Pair {
	byKey := map[string][]Pair{}
	for u := range units {
		byKey[u.Key] = append(byKey[u.Key], u) // want `the channel is drained first`
	}
	return byKey
}

type Pair struct{ Key, Value string }
