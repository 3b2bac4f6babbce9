package a

import (
	"context"

	"github.com/syncmem/syncmem/memacct"
)

type options struct{ Building func(bytes int64) error }

func open(name string, o options) ([]*Unit, error) { return nil, nil }

func grows(ctx context.Context, g *memacct.Gate[*Unit]) error {
	r, err := g.Reserve(ctx, 100) // want `the reservation r is not released on every path`
	if err != nil {
		return err
	}
	if err := r.GrowTo(ctx, 200); err != nil {
		return err // as it was: 100 bytes are still held
	}
	return r.Put(ctx, &Unit{})
}

func built(ctx context.Context, g *memacct.Gate[*Unit], name string) error {
	unit := g.Building(ctx) // want `memvet/lease: the building unit unit is not released on every path`
	all, err := open(name, options{Building: unit.Weighs})
	if err != nil {
		return err
	}
	for _, u := range all {
		if err := unit.Put(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func builtDeferred(ctx context.Context, g *memacct.Gate[*Unit], name string) error {
	unit := g.Building(ctx)
	defer unit.Release()
	all, err := open(name, options{Building: unit.Weighs})
	if err != nil {
		return err
	}
	for _, u := range all {
		if err := unit.Put(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func weighed(ctx context.Context, g *memacct.Gate[*Unit], name string) error {
	unit := g.Building(ctx) // want `the building unit unit is not released`
	if name == "" {
		return nil // nothing was told of it yet
	}
	if err := unit.Weighs(100); err != nil {
		return err // what was charged is given back already
	}
	u, err := load()
	if err != nil {
		return err
	}
	return unit.Put(ctx, u)
}

func weighedWell(ctx context.Context, g *memacct.Gate[*Unit], name string) error {
	unit := g.Building(ctx)
	if name == "" {
		return nil
	}
	err := unit.Weighs(100)
	if err != nil {
		return err
	}
	u, err := load()
	if err != nil {
		unit.Release()
		return err
	}
	return unit.Put(ctx, u)
}

// never tells anything of its units, and so never holds a byte.
func never(ctx context.Context, g *memacct.Gate[*Unit], all []*Unit) {
	unit := g.Building(ctx)
	for _, u := range all {
		if u == nil {
			return
		}
		if unit.Put(ctx, u) != nil {
			return
		}
	}
}

func givenAway(ctx context.Context, g *memacct.Gate[*Unit]) *memacct.Building[*Unit] {
	unit := g.Building(ctx)
	_ = unit.Weighs(100)
	return unit
}
