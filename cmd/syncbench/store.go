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
		if path, remove, err = temporaryStore(); err != nil {
			return nil, nil, err
		}
	}
	if st, err = sqlite.Open(ctx, path); err != nil {
		remove()
		return nil, nil, err
	}
	return st, func() { st.Close(); remove() }, nil
}

// temporaryStore is the path of a SQLite file in a directory of its own, and how to remove both.
func temporaryStore() (path string, remove func(), err error) {
	dir, remove, err := temporaryFolder()
	if err != nil {
		return "", nil, fmt.Errorf("no room for a store: %w; name one with --store sqlite:FILE", err)
	}
	return filepath.Join(dir, "content.sqlite"), remove, nil
}

// temporaryFolder is a directory that is removed whatever ends the program.
func temporaryFolder() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "syncbench-"); err != nil {
		return "", nil, err
	}
	temporary.add(dir)
	return dir, func() { os.RemoveAll(dir) }, nil
}
