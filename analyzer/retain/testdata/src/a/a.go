package a

import (
	"context"
	"io"
	"log"
	"net/http"

	"github.com/syncmem/syncmem/memacct"
)

type Unit struct {
	Name string
	Deps []string
	Size int
}

var last *Unit

func useAfter(ctx context.Context, g *memacct.Gate[*Unit], u *Unit) error {
	if err := g.Put(ctx, u); err != nil {
		return err
	}
	u.Size++ // want `memvet/retain: u is used after it was handed over`
	return nil
}

func errorPath(ctx context.Context, g *memacct.Gate[*Unit], u *Unit) error {
	if err := g.Put(ctx, u); err != nil {
		log.Print(u.Name)
		return err
	}
	return nil
}

func errorPath2(ctx context.Context, g *memacct.Gate[*Unit], u *Unit) error {
	err := g.Put(ctx, u)
	if err != nil {
		log.Print(u.Name)
		return err
	}
	u = &Unit{}
	return g.Put(ctx, u)
}

func keeps(ctx context.Context, q *memacct.Queue[*Unit]) map[string]*Unit {
	seen := map[string]*Unit{}
	names := map[string]int{}
	for u := range q.All(ctx) {
		seen[u.Name] = u // want `u is kept after its loop body`
		names[u.Name] = u.Size
		last = u // want `u is kept after its loop body: .* last`
	}
	return seen
}

func keepsPart(ctx context.Context, q *memacct.Queue[*Unit]) (all [][]string) {
	for u := range q.All(ctx) {
		all = append(all, u.Deps) // want `u is kept`
	}
	return all
}

func keepsLeases(ctx context.Context, q *memacct.Queue[*Unit]) (all, rest []*memacct.Lease[*Unit]) {
	for l := range q.Leases(ctx) {
		l.Detach()
		all = append(all, l)
	}
	for l := range q.Leases(ctx) {
		rest = append(rest, l) // want `l is kept`
	}
	return all, rest
}

func keepsBatch(ctx context.Context, q *memacct.Queue[*Unit]) (all []*Unit) {
	for b := range q.Batches(ctx, memacct.Batch{Size: 10}) {
		all = append(all, b...) // want `b is kept`
	}
	return all
}

func localBatch(ctx context.Context, q *memacct.Queue[*Unit], save func([]*Unit)) {
	var batch []*Unit
	for u := range q.All(ctx) {
		if batch = append(batch, u); len(batch) == 10 {
			save(batch)
			batch = nil
		}
	}
	save(batch)
}

func refill(in []*Unit, out chan []*Unit) {
	var batch []*Unit
	for _, u := range in {
		if batch = append(batch, u); len(batch) == 10 {
			out <- batch
			batch = batch[:0] // want `batch is filled again while the batch that was sent still uses its array`
		}
	}
}

func refillNew(in []*Unit, out chan []*Unit) {
	var batch []*Unit
	for _, u := range in {
		if batch = append(batch, u); len(batch) == 10 {
			out <- batch
			batch = make([]*Unit, 0, 10)
		}
	}
}

func pointers(names []string) map[string]*Unit {
	var units []Unit
	byName := map[string]*Unit{}
	for _, n := range names {
		units = append(units, Unit{Name: n})
		byName[n] = &units[len(units)-1] // want `a pointer into units is kept while units grows`
	}
	return byName
}

func pointersAfter(units []Unit) map[string]*Unit {
	byName := map[string]*Unit{}
	for i := range units {
		byName[units[i].Name] = &units[i]
	}
	return byName
}

func pointerLocal(names []string) {
	var units []Unit
	for _, n := range names {
		units = append(units, Unit{Name: n})
		u := &units[len(units)-1]
		u.Size = len(n)
	}
}

type repository struct {
	packages []record
	names    []string
}

type record struct{ Name, Version, Arch string }

func parseAll(r io.Reader) ([]record, error) { return nil, nil }

func (r *repository) kept() ([]record, error) {
	resp, err := http.Get("http://example.org/primary")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	all, err := parseAll(resp.Body)
	if err != nil {
		return nil, err
	}
	r.packages = all // want `r.packages keeps the whole list after it was handed to the caller`
	return all, nil
}

// Only kept: whoever asks the owner gets it from there.
func (r *repository) load() error {
	resp, err := http.Get("http://example.org/primary")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	all, err := parseAll(resp.Body)
	r.packages = all
	return err
}

// Not fetched: it was there.
func (r *repository) set(all []record) []record {
	r.packages = all
	return all
}

// Its owner is gone when it is done.
type survey struct{ packages []record }

func (s *survey) load() ([]record, error) {
	resp, err := http.Get("http://example.org/primary")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	all, err := parseAll(resp.Body)
	s.packages = all
	return all, err
}

func (s *survey) run() error {
	_, err := s.load()
	return err
}

func surveyOnce() error {
	s := &survey{}
	return s.run()
}

type kept struct{ packages []record }

func (k *kept) load() ([]record, error) {
	resp, err := http.Get("http://example.org/primary")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	all, err := parseAll(resp.Body)
	k.packages = all // want `k.packages keeps the whole list`
	return all, err
}

func keep(where map[string]*kept) {
	k := &kept{}
	k.load()
	where["k"] = k
}
