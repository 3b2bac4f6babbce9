// Package few has loops that look like those over a stream and are not, and their
// neighbours that are.
package few

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	bodies "few/fetch"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
)

type Item struct{ Name, Version, Arch string }

type Page struct{ Items []Item }

type Mirror struct{ URL string }

type Config struct{ Mirrors []Mirror }

type Server struct {
	Sources []Mirror `toml:"sources"`
}

type Found struct{ Places []Mirror }

func fetch(address string) (*Page, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	p := new(Page)
	return p, json.NewDecoder(resp.Body).Decode(p)
}

// As many as somebody wrote down.
func (c *Config) Pages() (all []*Page, err error) {
	for _, m := range c.Mirrors {
		p, err := fetch(m.URL)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func sources(s Server) (all []*Page) {
	list := s.Sources
	for _, m := range list {
		if p, err := fetch(m.URL); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func environment() (all []*Page) {
	for _, m := range strings.Split(os.Getenv("MIRRORS"), ",") {
		if p, err := fetch(m); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// As many as there are.
func (f *Found) Pages() (all []*Page, err error) {
	for _, m := range f.Places {
		p, err := fetch(m.URL)
		if err != nil {
			return nil, err
		}
		all = append(all, p) // want `every round of the loop reads another item`
	}
	return all, nil
}

// One mirror after the other, until one answers.
func (f *Found) first() (*Page, error) {
	var failed []error
	for _, m := range f.Places {
		p, err := fetch(m.URL)
		if err == nil {
			return p, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// What is read is looked at and not kept.
func (f *Found) alive() (all []Mirror, err error) {
	for _, m := range f.Places {
		if _, err := fetch(m.URL); err == nil {
			all = append(all, m) // low `low confidence: what it keeps may not be what it reads`
		}
	}
	return all, nil
}

type manifests struct{ entries []Mirror }

func (f *manifests) loadManifests() (all []*Page, err error) {
	for _, m := range f.entries {
		p, err := fetch(m.URL)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Sums, one for each kind.
type sum struct {
	name string
	n    int
	size int64
}

func sums(in <-chan Item, out func(map[string]sum)) {
	all := map[string]sum{}
	for it := range in {
		s := all[it.Arch]
		s.n++
		all[it.Arch] = s
	}
	out(all)
}

type ListOptions struct{ Page, PerPage int }

type RepoOptions struct {
	Kind string
	ListOptions
}

func list(address string, o *RepoOptions) ([]Item, error) {
	p, err := fetch(address)
	return p.Items, err
}

func everything(address string) ([]Item, error) {
	p, err := fetch(address)
	return p.Items, err
}

// Of one page.
func ofPage(address string) (some []Item, err error) {
	items, err := list(address, &RepoOptions{ListOptions: ListOptions{PerPage: 100}})
	for _, it := range items {
		if it.Arch != "" {
			some = append(some, it)
		}
	}
	return some, err
}

func ofAll(address string) (some []Item, err error) {
	items, err := everything(address)
	for _, it := range items {
		if it.Arch != "" {
			some = append(some, it)
		}
	}
	return some, err
}

// A line of a file for each of what is there.
func line(name string, n int) string {
	data, _ := os.ReadFile(name)
	lines := strings.Split(string(data), "\n")
	return lines[n]
}

func lines(items []Item) []Item {
	all := make([]Item, len(items))
	for i, it := range items {
		all[i] = Item{Name: it.Name, Version: line(it.Name, i)}
	}
	return all
}

// The whole file of each.
func text(name string) string {
	data, _ := os.ReadFile(name)
	return string(data)
}

func texts(items []Item) []Item {
	all := make([]Item, len(items))
	for i, it := range items {
		all[i] = Item{Name: it.Name, Version: text(it.Name)} // low `every round of the loop reads another item.*low confidence: it may be one item for each of a list at hand`
	}
	return all
}

func opened(names <-chan string, use func([]*os.File)) {
	var all []*os.File
	for n := range names {
		if f, err := os.Open(n); err == nil {
			all = append(all, f)
		}
	}
	use(all)
}

type member struct{ of *os.File }

func openAll(names []string) (all []*os.File, err error) {
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func members(names []string) (all []member, err error) {
	files, err := openAll(names)
	for _, f := range files {
		all = append(all, member{f})
	}
	return all, err
}

// Addresses are 16 bytes.
func addresses(places []Mirror) (all []net.IP, err error) {
	for _, m := range places {
		ips, err := net.LookupIP(m.URL)
		if err != nil {
			return nil, err
		}
		p, err := fetch(m.URL)
		if err != nil || len(p.Items) == 0 {
			return nil, err
		}
		all = append(all, ips[0], net.ParseIP(p.Items[0].Name))
	}
	return all, nil
}

// What is made of each is new; what refers to it is not.
func names(address string) (some []Item, err error) {
	items, err := everything(address)
	for _, it := range items {
		some = append(some, lower(it))
	}
	return some, err
}

func lower(it Item) Item { it.Name = strings.ToLower(it.Name); return it }

type entry struct {
	item  Item
	index string
}

func entries(address string) (some []entry, err error) {
	items, err := everything(address)
	for _, it := range items {
		e := entry{item: it, index: address}
		some = append(some, e)
	}
	return some, err
}

// Functions, and what is still to come, are not what was read.
type future struct{ done chan *Page }

func start(address string) future { return future{} }

func later(addresses []string) (all []future, pages []func(), err error) {
	for _, a := range addresses {
		p, err := fetch(a)
		if err != nil {
			return nil, nil, err
		}
		f := start(p.Items[0].Name)
		all = append(all, f)
		pages = append(pages, func() { println(p) })
	}
	return all, pages, nil
}

// Paths of a tree.
func tree(dir string) (all []string, err error) {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		below, err := tree(dir + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return append(all, dir), err
}

// What is asked for in each round is as much as is in the chunk.
func chunks(addresses []string) (all []Item, err error) {
	for few := range slices.Chunk(addresses, 20) {
		p, err := fetch(strings.Join(few, ","))
		if err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
	}
	return all, nil
}

// Ranges of addresses are small, and few.
func ranges(r io.Reader) (all []*net.IPNet) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if _, n, err := net.ParseCIDR(lines.Text()); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// The parsed lines of a stream are neither.
func fields(r io.Reader) (all [][]byte) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		all = append(all, append([]byte(nil), lines.Bytes()...)) // want `the loop runs until the stream ends`
	}
	return all
}

type Store interface {
	ListItems() ([]Item, error)
}

// A table to look things up in refers to the listing.
func byName(s Store) (map[string]Item, error) {
	all, err := s.ListItems()
	table := map[string]Item{}
	for _, it := range all {
		table[it.Name] = it // low `a second copy of a full listing.*low confidence: it refers to what is held already`
	}
	return table, err
}

// A list that ends where it has become as long as is allowed.
func atMost(r io.Reader) (all []Item) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		all = append(all, Item{Name: lines.Text()})
		if len(all) >= 1000 {
			break
		}
	}
	return all
}

func notEmpty(r io.Reader) (all []Item) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		all = append(all, Item{Name: lines.Text()}) // want `the loop runs until the stream ends`
		if len(all) > 0 && lines.Text() == "" {
			break
		}
	}
	return all
}

// What a library found may be little, and so a copy of it.
func upper(s Store) (all []Item, err error) {
	items, err := of(s)
	for _, it := range items {
		all = append(all, lower(it))
	}
	return all, err
}

func of(s Store) ([]Item, error) { return s.ListItems() }

func some(s Store) (some []Item, err error) {
	all, err := s.ListItems()
	for _, it := range all {
		if it.Arch != "" {
			some = append(some, it) // low `a second copy of a full listing.*low confidence: it refers to what is held already`
		}
	}
	return some, err
}

func pointers(r io.Reader) (all []any, err error) {
	var items []Item
	err = json.NewDecoder(r).Decode(&items)
	for i := range items {
		all = append(all, items[i]) // low `a second copy of the decoded document.*low confidence: it refers to what is held already`
	}
	return all, err
}

type command struct{ *exec.Cmd }

func (c *command) StdoutPipe() (io.ReadCloser, error) { return c.Cmd.StdoutPipe() }

func neighbours() (all []Item, err error) {
	cmd := &command{exec.Command("ip", "neigh")}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		all = append(all, Item{Name: lines.Text()})
	}
	return all, cmd.Wait()
}

// What bodies are decoded into is as much as they are.
func decoded(urls []string) (all []Item, err error) {
	read, err := bodies.All(urls)
	for _, body := range read {
		var it Item
		if err := json.Unmarshal(body, &it); err != nil {
			return nil, err
		}
		all = append(all, it) // want `a second copy of what bodies.All gathered`
	}
	return all, err
}

// Keys are as many as somebody has.
func parseIdentities(r io.Reader) (all []Item) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		all = append(all, Item{Name: lines.Text()})
	}
	return all
}

func blocks(address string) ([][]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(resp.Body)
	return bytes.Split(b, []byte("-----")), err
}

func chain(address string) (all []*x509.Certificate, err error) {
	bs, err := blocks(address)
	for _, b := range bs {
		c, err := x509.ParseCertificate(b)
		if err != nil {
			return nil, err
		}
		all = append(all, c) // low `low confidence: certificates and keys are few`
	}
	return all, err
}
