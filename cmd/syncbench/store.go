package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	contentstore "github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
)

// openStore opens what --store names, and returns how to leave it.
func openStore(ctx context.Context, o *options) (st contentstore.Store, leave func(), err error) {
	if o.store == storeDiscard {
		return contentstore.Discard(), func() {}, nil
	}
	if o.inPostgres() {
		if st, err = postgres.Open(ctx, o.store); err != nil {
			return nil, nil, err
		}
		return st, func() { st.Close() }, nil
	}
	path, remove := o.sqlite, func() {}
	if path == "" {
		dir, err := os.MkdirTemp("", "syncbench-")
		if err != nil {
			return nil, nil, fmt.Errorf("no room for a store: %w; name one with --store sqlite:FILE", err)
		}
		path = filepath.Join(dir, "content.sqlite")
		remove = func() { os.RemoveAll(dir) }
	}
	if st, err = sqlite.Open(ctx, path); err != nil {
		remove()
		return nil, nil, err
	}
	return st, func() { st.Close(); remove() }, nil
}
