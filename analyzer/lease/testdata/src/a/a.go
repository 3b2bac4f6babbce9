package a

import (
	"context"
	"errors"
	"os"

	"github.com/syncmem/syncmem/memacct"
)

type Unit struct{ Name string }

func load() (*Unit, error) { return nil, nil }

func leaks(ctx context.Context, g *memacct.Gate[*Unit]) error {
	r, err := g.Reserve(ctx, 100) // want `memvet/lease: the reservation r is not released on every path`
	if err != nil {
		return err
	}
	u, err := load()
	if err != nil {
		return err
	}
	return r.Put(ctx, u)
}

func deferred(ctx context.Context, g *memacct.Gate[*Unit]) error {
	r, err := g.Reserve(ctx, 100)
	if err != nil {
		return err
	}
	defer r.Release()
	u, err := load()
	if err != nil {
		return err
	}
	return r.Put(ctx, u)
}

func loops(ctx context.Context, g *memacct.Gate[*Unit], names []string) error {
	for _, n := range names {
		r, err := g.Reserve(ctx, 100) // want `lease`
		if err != nil {
			return err
		}
		if n == "" {
			continue
		}
		if err := r.Put(ctx, &Unit{n}); err != nil {
			return err
		}
	}
	return nil
}

func everyPath(ctx context.Context, g *memacct.Gate[*Unit], n string) error {
	r, err := g.Reserve(ctx, 100)
	if err != nil {
		return err
	}
	if n == "" {
		r.Release()
		return errors.New("no name")
	}
	if n == "!" {
		panic(n)
	}
	if n == "?" {
		os.Exit(1)
	}
	return r.Put(ctx, &Unit{n})
}

func handedOver(ctx context.Context, g *memacct.Gate[*Unit]) error {
	r, err := g.Reserve(ctx, 100)
	if err != nil {
		return err
	}
	go finish(ctx, r)
	return nil
}

func finish(ctx context.Context, r *memacct.Reservation[*Unit]) { r.Put(ctx, &Unit{}) }

func captured(ctx context.Context, g *memacct.Gate[*Unit]) func() error {
	r, err := g.Reserve(ctx, 100)
	if err != nil {
		return nil
	}
	return func() error { return r.Put(ctx, &Unit{}) }
}

func leases(ctx context.Context, q *memacct.Queue[*Unit]) {
	for l := range q.Leases(ctx) {
		_ = l.Value()
	}
	for l := range q.Leases(ctx) {
		l.Detach() // want `the detached lease l is not released`
		if l.Value().Name == "" {
			continue
		}
		l.Release()
	}
	for l := range q.Leases(ctx) {
		part, err := l.Split(&Unit{}) // want `the lease part is not released`
		if err != nil {
			return
		}
		if part.Value() == nil {
			return
		}
		part.Release()
	}
}
