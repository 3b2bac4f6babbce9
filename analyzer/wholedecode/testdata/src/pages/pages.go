// Package pages has documents that are one page of more, and calls of an API, and
// their neighbours that are neither.
package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

type Item struct{ ID, Name, Arch string }

type Answer struct {
	Items  []Item
	Scroll string
}

func open(address string) (*http.Response, error) { return http.Get(address) }

// The last item says where the next page begins, and the first is asked for above.
func Cursor(out chan<- Item) error {
	resp, err := open("https://example.org/items")
	if err != nil {
		return err
	}
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // low `low confidence: it is one page, and the next is asked for`
		return err
	}
	id := all[len(all)-1].ID
	for {
		resp, err := open("https://example.org/items?after=" + id)
		if err != nil {
			return err
		}
		var all []Item
		if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // low `it is one page`
			return err
		}
		for _, it := range all {
			out <- it
		}
		if len(all) == 0 {
			return nil
		}
		id = all[len(all)-1].ID
	}
}

// It goes on by the Link header.
func Linked(address string, out chan<- Item) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // low `it is one page`
		return err
	}
	for _, it := range all {
		out <- it
	}
	for _, link := range strings.Split(resp.Header.Get("Link"), ",") {
		if err := Linked(link, out); err != nil {
			return err
		}
	}
	return nil
}

// It calls itself for the next.
func Again(address string, out chan<- Item) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	var a Answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil { // low `it is one page`
		return err
	}
	for _, it := range a.Items {
		out <- it
	}
	if a.Scroll == "" {
		return nil
	}
	return Again(a.Scroll, out)
}

// Of each folder of a tree all is read, and nothing says that it is little.
func Tree(address string, out chan<- Item) error {
	resp, err := open(address)
	if err != nil {
		return err
	}
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `decoded into \[\]Item, which has every item`
		return err
	}
	for _, it := range all {
		out <- it
		if err := Tree(it.Name, out); err != nil {
			return err
		}
	}
	return nil
}

// The address lists what is asked about.
func Some(ids []int64) (all []Item, err error) {
	var list []byte
	for _, id := range ids {
		list = strconv.AppendInt(append(list, ','), id, 10)
	}
	resp, err := open("https://example.org/items?ids=" + string(list))
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all)
}

func SomeJoined(names []string) (all []Item, err error) {
	q := url.Values{"names": {strings.Join(names, ",")}}
	resp, err := open("https://example.org/items?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all)
}

func SomeOrNot(names []string) (all []Item, err error) {
	resp, err := open("https://example.org/items")
	if err != nil {
		return nil, fmt.Errorf("about %s: %w", strings.Join(names, ","), err)
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `decoded into \[\]Item, which has every item`
}

// A client of an API: its lists are as its server pages them.
type Client struct{ base string }

func (c *Client) do(ctx context.Context, path string, v any) error {
	resp, err := http.Get(c.base + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

func (c *Client) Item(ctx context.Context, id string) (it *Item, err error) {
	return it, c.do(ctx, "/item/"+id, &it)
}

func (c *Client) Name(ctx context.Context, id string) (s string, err error) {
	return s, c.do(ctx, "/name/"+id, &s)
}

func (c *Client) Pins(ctx context.Context, id string) (all []Item, err error) {
	err = c.do(ctx, "/pins/"+id, &all) // low `one of many calls of an API`
	return all, err
}

func (c *Client) Stars(ctx context.Context, id string) (all []*Item, err error) {
	err = c.do(ctx, "/stars/"+id, &all) // low `one of many calls of an API`
	return all, err
}

func (c *Client) Rename(ctx context.Context, id string) error {
	return c.do(ctx, "/rename/"+id, nil)
}

// Its transport may as well return the answer.
func (c *Client) get(ctx context.Context, path string) (io.ReadCloser, error) {
	resp, err := http.Get(c.base + path)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (c *Client) Users(ctx context.Context) (all []Item, err error) {
	body, err := c.get(ctx, "/users")
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(body).Decode(&all) // low `one of many calls of an API`
}

func (c *Client) User(ctx context.Context, id string) (it Item, err error) {
	body, err := c.get(ctx, "/user/"+id)
	if err != nil {
		return it, err
	}
	return it, json.NewDecoder(body).Decode(&it)
}

func (c *Client) Delete(ctx context.Context, id string) error {
	_, err := c.get(ctx, "/delete/"+id)
	return err
}

// Two calls of a method make no client of an API.
type Feeds struct{ base string }

func (f *Feeds) get(path string) (io.ReadCloser, error) {
	resp, err := http.Get(f.base + path)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (f *Feeds) All() (all []Item, err error) {
	body, err := f.get("/all.json")
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(body).Decode(&all) // want `decoded into \[\]Item, which has every item`
}

func (f *Feeds) Old() (all []Item, err error) {
	body, err := f.get("/old.json")
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(body).Decode(&all) // want `decoded into \[\]Item, which has every item`
}

// What has the sender of its requests, and asks for several things, is one, too.
type Service struct {
	base string
	http *http.Client
}

func (s *Service) Teams() (all []Item, err error) {
	resp, err := s.http.Get(s.base + "/teams")
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `one of many calls of an API`
}

func (s *Service) Events(out chan<- Item) error {
	resp, err := s.http.Get(s.base + "/events")
	if err != nil {
		return err
	}
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `decoded into \[\]Item, which has every item`
		return err
	}
	for _, it := range all {
		out <- it
	}
	return nil
}

// What asks for one thing is a source.
type Source struct {
	base string
	http *http.Client
}

func (s *Source) All() (all []Item, err error) {
	resp, err := s.http.Get(s.base + "/all.json")
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // want `decoded into \[\]Item, which has every item`
}

// The request says what is asked about.
func Detect(base, page string) (all []Item, err error) {
	q := url.Values{}
	q.Set("format", "json")
	q.Set("url", page)
	resp, err := http.Get(base + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `it asks about one thing`
}

func Names(domain string, out chan<- Item) error {
	resp, err := http.Get(fmt.Sprintf("https://example.org/names?key=1&domain=%s", domain))
	if err != nil {
		return err
	}
	var all []Item
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // low `it asks about one thing`
		return err
	}
	for _, it := range all {
		out <- it
	}
	return nil
}

// One of as many as there are has its own part in the address.
func Versions(base, name string) (all []Item, err error) {
	resp, err := http.Get(fmt.Sprintf("https://example.org/projects/%s/versions", url.PathEscape(name)))
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `it asks about one thing`
}

func Year(year int) (all []Item, err error) {
	resp, err := http.Get(fmt.Sprintf("https://example.org/feeds/%d.json", year))
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // want `decoded into \[\]Item, which has every item`
}

// A format is nothing to ask about.
func As(base, format string) (all []Item, err error) {
	q := url.Values{}
	q.Set("format", format)
	resp, err := http.Get(base + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return all, json.NewDecoder(resp.Body).Decode(&all) // low `decoded into \[\]Item, which has every item`
}

// What went wrong comes beside the answer.
type Signed struct {
	Success  bool
	Result   any
	Errors   []Item
	Messages []Item
}

func Sign(address string) (a *Signed, err error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	return a, json.NewDecoder(resp.Body).Decode(&a)
}

type History struct {
	Ok       bool
	Messages []Item
}

func Chat(address string) (h *History, err error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	return h, json.NewDecoder(resp.Body).Decode(&h) // low `decoded into \*History, which has every item`
}

// What tells about one thing.
type HostInfo struct{ Runtimes map[string][]Item }

func Host(address string) (info HostInfo, err error) {
	resp, err := open(address)
	if err != nil {
		return info, err
	}
	return info, json.NewDecoder(resp.Body).Decode(&info)
}
