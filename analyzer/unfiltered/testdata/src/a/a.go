package a

import (
	"context"
	"net/http"
	"slices"
)

type Item struct{ Name, Owner string }

type ItemList struct{ Items []Item }

type ListOptions struct{ Owner string }

type ListOption interface{ apply() }

type Client struct{}

func (Client) List(ctx context.Context, o ListOptions) ([]Item, error)                 { return nil, nil }
func (Client) ListItems(ctx context.Context, o *ListOptions) (*ItemList, error)        { return nil, nil }
func (Client) Fill(ctx context.Context, into *ItemList, opts ...ListOption) error      { return nil }
func (Client) ListInto(ctx context.Context, into *ItemList, opts ...ListOption) error  { return nil }
func (Client) ListAll(ctx context.Context) ([]Item, error)                             { return nil, nil }

type server struct{ c Client }

func write(http.ResponseWriter, Item) {}

func (s *server) one(w http.ResponseWriter, r *http.Request) {
	all, _ := s.c.List(r.Context(), ListOptions{}) // want `memvet/unfiltered: a.Client.List lists everything for each request, and all is filtered here`
	for _, i := range all {
		if i.Owner == r.FormValue("owner") {
			write(w, i)
		}
	}
}

func (s *server) skipped(w http.ResponseWriter, r *http.Request) {
	list, err := s.c.ListItems(r.Context(), nil) // want `a.Client.ListItems lists everything`
	if err != nil {
		return
	}
	for i := range list.Items {
		if list.Items[i].Owner != "x" {
			continue
		}
		write(w, list.Items[i])
	}
}

func (s *server) func_(w http.ResponseWriter, r *http.Request) {
	all, _ := s.c.List(r.Context(), ListOptions{}) // want `lists everything`
	all = slices.DeleteFunc(all, func(i Item) bool { return i.Owner != "x" })
	write(w, all[0])
}

func (s *server) loop(ctx context.Context, owners []string) (found []Item) {
	for _, o := range owners {
		var list ItemList
		_ = s.c.ListInto(ctx, &list) // want `a.Client.ListInto lists everything in a loop, and list is filtered here`
		for _, i := range list.Items {
			if i.Owner == o {
				found = append(found, i)
			}
		}
	}
	return found
}

// It says what it wants.
func (s *server) asked(w http.ResponseWriter, r *http.Request) {
	mine, _ := s.c.List(r.Context(), ListOptions{Owner: "x"})
	for _, i := range mine {
		if i.Name != "" {
			write(w, i)
		}
	}
}

// All of it is used.
func (s *server) everything(w http.ResponseWriter, r *http.Request) {
	all, err := s.c.List(r.Context(), ListOptions{})
	if err != nil {
		return
	}
	for _, i := range all {
		write(w, i)
	}
}

// There is nothing to give it.
func (s *server) noOptions(w http.ResponseWriter, r *http.Request) {
	all, _ := s.c.ListAll(r.Context())
	for _, i := range all {
		if i.Owner == "x" {
			write(w, i)
		}
	}
}

// Once.
func (s *server) once(ctx context.Context) (n int) {
	all, _ := s.c.List(ctx, ListOptions{})
	for _, i := range all {
		if i.Owner == "x" {
			n++
		}
	}
	return n
}
