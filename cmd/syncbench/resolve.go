package main

import (
	"context"

	"github.com/syncmem/syncmem/contentmodel"
	contentstore "github.com/syncmem/syncmem/contentmodel/store"
)

// referrer is a unit that may refer to others: it must not be emitted before After is closed.
type referrer interface {
	After() <-chan struct{} // nil where it refers to none
	Resolve()               // it is in the store
}

// resolving is a store that tells units when they are in it.
type resolving struct{ contentstore.Versioned }

func (s resolving) Existing(ctx context.Context, units []contentmodel.Unit, found []bool) error {
	err := s.Versioned.Existing(ctx, units, found)
	for i, u := range units {
		if r, ok := u.(referrer); ok && err == nil && found[i] {
			r.Resolve()
		}
	}
	return err
}

func (s resolving) Save(ctx context.Context, units []contentmodel.Unit) (int, error) {
	n, err := s.Versioned.Save(ctx, units)
	for _, u := range units {
		if r, ok := u.(referrer); ok && err == nil {
			r.Resolve()
		}
	}
	return n, err
}
