package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	contentstore "github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/internal/tempdir"
)

// storeKind is one kind of store: how --store names it, and how it is opened.
type storeKind struct {
	prefix string
	takes  string         // what follows the prefix
	is     *regexp.Regexp // the names of its stores
	secret bool           // such a name may hold a password
	open   func(ctx context.Context, name string) (contentstore.Versioned, error)
	nth    func(name string, n int) string // one of its own for the nth sync of a run; nil where that can't be told from the name
	apart  apart                           // nil where a store can't be had for one run alone
}

// apart makes an empty store for one run, beside the one of that name, and returns how to remove it.
type apart func(ctx context.Context, name string) (own string, remove func(context.Context) error, err error)

const (
	sqlitePrefix = "sqlite:"
	storeDiscard = "discard" // keeps nothing
	storeSQLite  = "sqlite"  // of compare and sweep: a file for each run
)

// storeKinds are the stores that there are; a new one is a row here.
var storeKinds = []storeKind{
	{sqlitePrefix, "FILE", regexp.MustCompile(`(?s)^sqlite:.`), false, func(ctx context.Context, name string) (contentstore.Versioned, error) {
		return sqlite.Open(ctx, strings.TrimPrefix(name, sqlitePrefix))
	}, func(name string, n int) string { return fmt.Sprintf("%s.%d", name, n) }, nil},
	{"postgres://", "...", regexp.MustCompile(`^postgres(ql)?://`), true, postgres.Open, nil, postgres.Apart}, // the schemes that libpq takes
	{storeDiscard, "", regexp.MustCompile(`^discard$`), false, func(context.Context, string) (contentstore.Versioned, error) {
		return contentstore.Discard(), nil
	}, func(name string, _ int) string { return name }, nothingApart},
}

// nothingApart is for a store that has nothing to share.
func nothingApart(_ context.Context, name string) (string, func(context.Context) error, error) {
	return name, func(context.Context) error { return nil }, nil
}

// storeOf is the kind of a store, by its name; false if it is of none.
func storeOf(name string) (storeKind, bool) {
	for _, k := range storeKinds {
		if k.is.MatchString(name) {
			return k, true
		}
	}
	return storeKind{}, false
}

// storeNames are the names of stores, for people, or only how they begin, for a shell to complete.
func storeNames(whole bool) (all []string) {
	for _, k := range storeKinds {
		name := k.prefix
		if whole {
			name += k.takes
		}
		all = append(all, name)
	}
	return all
}

// storeUsage is what --store takes.
func storeUsage() string {
	all := storeNames(true)
	all[len(all)-1] = "or " + all[len(all)-1]
	return "the `store` to save to: " + strings.Join(all, ", ") + " (default: a SQLite file that is removed afterwards)"
}

// checkStore says what is wrong with --store before anything is opened.
func (o *options) checkStore() error {
	if _, ok := storeOf(o.store); ok || o.store == "" {
		return nil
	}
	return fmt.Errorf("--store: %q is none of %s", nameBegin(o.store), strings.Join(storeNames(true), ", "))
}

// nameBegin is the name of what is no store, as far as it can't be a password.
func nameBegin(name string) string {
	if i := strings.IndexAny(name, ":= ") + 1; i > 0 && i < len(name) {
		return name[:i] + "..."
	}
	return name
}

// storeName is the store without what is secret, "" for the default.
func (o *options) storeName() string {
	if k, _ := storeOf(o.store); k.secret {
		return k.prefix + k.takes
	}
	return o.store
}

// anotherStore is a store of the same kind for the nth sync of a run; "" for the default, which each has to itself anyway.
func anotherStore(name string, n int) (string, error) {
	if name == "" {
		return "", nil
	}
	k, _ := storeOf(name)
	if k.nth == nil {
		return "", fmt.Errorf("--beside: each sync needs a store of its own, and --store %s is one: leave it out, or name one of another kind", k.prefix+k.takes)
	}
	return k.nth(name, n), nil
}

// openStore opens what --store names, and returns how to leave it.
func openStore(ctx context.Context, o *options) (st contentstore.Versioned, leave func(), err error) {
	name, remove := o.store, func() {}
	if name == "" {
		if name, remove, err = temporaryStore(); err != nil {
			return nil, nil, err
		}
	}
	k, _ := storeOf(name)
	if st, err = k.open(ctx, name); err != nil {
		remove()
		return nil, nil, err
	}
	return st, func() { st.Close(); remove() }, nil
}

// temporaryStore names a store in a SQLite file in a directory of its own, and returns how to remove both.
func temporaryStore() (name string, remove func(), err error) {
	dir, remove, err := temporaryFolder()
	if err != nil {
		return "", nil, fmt.Errorf("no room for a store: %w; name one with --store sqlite:FILE", err)
	}
	return sqlitePrefix + filepath.Join(dir, "content.sqlite"), remove, nil
}

// temporaryFolder is a directory that is removed whatever ends the program; after a kill the next run does it.
func temporaryFolder() (dir string, remove func(), err error) {
	if dir, remove, err = tempdir.Make("syncbench-"); err != nil {
		return "", nil, err
	}
	temporary.add(dir)
	return dir, remove, nil
}
