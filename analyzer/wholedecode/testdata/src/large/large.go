// Package large has lists that come in a response: nothing but the code around tells how long they are.
package large

import (
	"encoding/json"
	"net/http"
)

type Item struct {
	Name string
	Tags []string
}

type Index struct {
	Entries map[string][]Item
}

type Result struct{ Name string }

func open(address string) (*http.Response, error) { return http.Get(address) }

func Short(address string) (all []Item, err error) {
	resp, err := open(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `nothing here shows that it is large`
}

func Feed() (all []Item, err error) {
	resp, err := open("https://example.org/feeds/all.json")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return all, json.NewDecoder(resp.Body).Decode(&all) // want `decoded into \[\]Item, which has every item; .*\(first stage: Feed returns all it read as \[\]Item\)$`
}

// The format that an API is asked for is no file.
func Answer(name string) (all []Item, err error) {
	resp, err := open("https://example.org/v2/api.json?about=" + name)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `low confidence`
}

func ByName(address string) (all *Index, err error) {
	resp, err := open(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return all, json.NewDecoder(resp.Body).Decode(&all) // want `decoded into \*Index, which has every item; .* instead of returning \*Index \(first stage: ByName returns all it read as \*Index\)$`
}

func Emit(address string, out chan<- Item) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `decoded into \[\]Item, which has every item; .*\(first stage: Emit reads a stream and sends to a channel\)$`
		return err
	}
	for _, it := range all {
		out <- it
	}
	return nil
}

// Measures and answers are made of an item.
func Measure(address string, out chan<- Result) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // low `nothing here shows that it is large`
		return err
	}
	for _, it := range all {
		out <- Result{Name: measured(it)}
	}
	return nil
}

func measured(it Item) string { return it.Name }

func Save(address string, save func(Item) error) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `decoded into \[\]Item, which has every item`
		return err
	}
	for _, it := range all {
		if err := save(it); err != nil {
			return err
		}
	}
	return nil
}

func Serve(w http.ResponseWriter, r *http.Request) {
	resp, err := open("https://example.org" + r.URL.Path)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `decoded into \[\]Item, which has every item`
		return
	}
	json.NewEncoder(w).Encode(all)
}
