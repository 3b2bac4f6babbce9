package a

import (
	"archive/tar"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
)

type Unit struct {
	Name, A, B, C, D, E string
	Deps                []Dep
}

type Dep struct{ Name, Version, Flags string }

type Index struct {
	Version int
	Items   []Unit
}

type Header struct {
	Repo, Version, Prefix, Arch, URL string
	Packages                         []Unit
}

func slice(r io.Reader, out chan<- Unit) error {
	var list []Unit
	if err := json.NewDecoder(r).Decode(&list); err != nil { // want `memvet/wholedecode: json.Decoder.Decode holds a whole stream`
		return err
	}
	for _, u := range list {
		out <- u
	}
	return nil
}

func container(r io.Reader, emit func(Unit) error) error {
	var ix Index
	if err := xml.NewDecoder(r).Decode(&ix); err != nil { // want `wholedecode`
		return err
	}
	for _, u := range ix.Items {
		if err := emit(u); err != nil {
			return err
		}
	}
	return nil
}

// A document with a long header is told by how it is used.
func header(r io.Reader, emit func(Unit) error) error {
	var h Header
	dec := json.NewDecoder(r)
	if err := dec.Decode(&h); err != nil { // want `gone through one by one`
		return err
	}
	for _, u := range h.Packages {
		if err := emit(u); err != nil {
			return err
		}
	}
	return nil
}

//memvet:firststage
func dynamic(r io.Reader) {
	var v any
	json.NewDecoder(r).Decode(&v) // want `wholedecode`
	var m map[string]Unit
	json.NewDecoder(r).Decode(&m) // want `wholedecode`
	var raw json.RawMessage
	json.NewDecoder(r).Decode(&raw) // want `wholedecode`
	use(v, m, raw)
}

//memvet:firststage
func file(path string) {
	f, _ := os.Open(path)
	var list []*Unit
	json.NewDecoder(f).Decode(&list) // want `wholedecode`
	use(list)
}

// GetJSON fills what its caller wants: the caller is to blame.
func GetJSON(url string, v any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

//memvet:firststage
func viaHelper() {
	var list []Unit
	GetJSON("https://example.org/list", &list) // want `a.GetJSON > json.Decoder.Decode`
	var one Unit
	GetJSON("https://example.org/one", &one)
	use(list, one)
}

// From here on nothing is to be said.

//memvet:firststage
func itemByItem(r io.Reader) {
	dec := json.NewDecoder(r)
	for {
		var u []Unit
		if dec.Decode(&u) != nil {
			return
		}
		use(u)
	}
}

//memvet:firststage
func tokens(r io.Reader) {
	dec := json.NewDecoder(r)
	dec.Token()
	for dec.More() {
		var u []Unit
		dec.Decode(&u)
		use(u)
	}
}

//memvet:firststage
func single(r io.Reader) {
	var u Unit
	json.NewDecoder(r).Decode(&u)
	use(u)
}

//memvet:firststage
func lookup(r io.Reader) {
	var m map[string]struct{ Major string }
	json.NewDecoder(r).Decode(&m)
	use(m)
}

//memvet:firststage
func limited(r io.Reader) {
	var list []Unit
	json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&list)
	use(list)
}

//memvet:firststage
func members(r io.Reader) {
	tr := tar.NewReader(r)
	for {
		if _, err := tr.Next(); err != nil {
			return
		}
		var list []Unit
		json.NewDecoder(tr).Decode(&list)
		use(list)
	}
}

//memvet:firststage
func handedIn(dec *json.Decoder) {
	var list []Unit
	dec.Decode(&list)
	use(list)
}

type settings struct{ Rules []Dep }

//memvet:firststage
func loadConfig(r io.Reader) {
	var s settings
	json.NewDecoder(r).Decode(&s)
	use(s)
}

func use(...any) {}

func Fetch[T any](url string) (T, error) {
	var v T
	resp, err := http.Get(url)
	if err != nil {
		return v, err
	}
	err = json.NewDecoder(resp.Body).Decode(&v)
	return v, err
}

//memvet:firststage
func generic() {
	list, err := Fetch[[]Unit]("https://example.org/list") // want `a.Fetch > json.Decoder.Decode`
	one, err := Fetch[Unit]("https://example.org/one")
	use(list, one, err)
}

//memvet:firststage
func passedOn(r io.Reader) []Unit {
	var h Header
	if json.NewDecoder(r).Decode(&h) != nil { // want `gone through one by one`
		return nil
	}
	return units(&h)
}

func units(h *Header) (all []Unit) {
	for _, u := range h.Packages {
		all = append(all, u)
	}
	return all
}
