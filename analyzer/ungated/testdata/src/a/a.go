package a

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/memacct"
)

type Unit struct{ Name string }

func load(path string) *Unit { return &Unit{path} }

//memvet:firststage
func asLongAsTheList(root string) {
	var paths []string
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		paths = append(paths, path)
		return nil
	})
	todo := make(chan string, len(paths))
	results := make(chan *Unit, len(paths)) // want `memvet/ungated: the channel is as long as paths`
	errs := make(chan error, len(paths))
	_, _, _ = todo, results, errs
}

type Feed struct{ Items []*Unit }

//memvet:firststage
func asLongAsTheDocument(r io.Reader) {
	var units []*Unit
	json.NewDecoder(r).Decode(&units)
	n := len(units)
	out := make(chan *Unit, n) // want `as long as units`
	_ = out
}

//memvet:firststage
func fixed(r *os.File, units []*Unit) {
	a := make(chan *Unit, 16)
	b := make(chan *Unit)
	c := make(chan *Unit, len(units)) // the caller's list
	_, _, _ = a, b, c
}

func limitInside(units []*Unit, limit chan struct{}) {
	for _, u := range units {
		go func() { // want `one goroutine for each of units exists at once`
			limit <- struct{}{}
			defer func() { <-limit }()
			load(u.Name)
		}()
	}
}

func find(ids []int) ([]*Unit, error) { return nil, nil }
func all(ctx context.Context) ([]*Unit, error) { return nil, nil }

func asManyAsAskedFor(ids []int, limit chan struct{}) {
	units, _ := find(ids)
	for _, u := range units {
		go func() {
			limit <- struct{}{}
			load(u.Name)
		}()
	}
}

func asManyAsThereAre(ctx context.Context, limit chan struct{}) {
	units, _ := all(ctx)
	for _, u := range units {
		go func() { // want `one goroutine for each of units exists at once`
			limit <- struct{}{}
			load(u.Name)
		}()
	}
}

// Names that the caller gave.
func forNames(names []string, limit chan struct{}) {
	for _, name := range names {
		go func() {
			limit <- struct{}{}
			load(name)
		}()
	}
}

func limitOutside(units []*Unit, limit chan struct{}) {
	for _, u := range units {
		limit <- struct{}{}
		go func() {
			defer func() { <-limit }()
			load(u.Name)
		}()
	}
}

func fewFeeds(limit chan struct{}) {
	for _, name := range []string{"a", "b"} {
		go func() {
			limit <- struct{}{}
			load(name)
		}()
	}
}

type Package struct{ Name string }

func bypass(ctx context.Context, acc *memacct.Account) {
	gate := memacct.NewGate[*Package](acc, "packages", 100, nil)
	side := make(chan *Package, 100) // want `a plain channel buffers \*Package, which an accounted queue carries`
	direct := make(chan *Package)    // a rendezvous buffers nothing
	_, _, _ = gate, side, direct
}

func answers(ids []int) {
	fetched := make(chan []*Unit, len(ids)) // want `as long as ids`
	for range ids {
		go func() {
			f, _ := os.Open("answers")
			var units []*Unit
			json.NewDecoder(f).Decode(&units)
			fetched <- units
		}()
	}
}

// The caller said how many.
func lastAnswers(ids []int, limit int) {
	fetched := make(chan []*Unit, len(ids))
	for range ids {
		go func() {
			f, _ := os.Open("answers")
			var units []*Unit
			json.NewDecoder(f).Decode(&units)
			fetched <- units
		}()
	}
}
