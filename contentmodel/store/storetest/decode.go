package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// ReadBack makes a unit of kind "file", "deb", "deb-source", "npm" or "rpm" again from what the store keeps under the key of u. It holds the
// whole body, and is meant for tests.
func ReadBack(ctx context.Context, s store.Store, u contentmodel.Unit) (contentmodel.Unit, error) {
	var body bytes.Buffer
	if err := s.Body(ctx, u.Kind(), u.Key(), &body); err != nil {
		return nil, err
	}
	back, err := decode(u.Kind(), u.Key(), body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s %.80q: %w", u.Kind(), u.Key(), err)
	}
	return back, nil
}

func decode(kind, key string, body []byte) (contentmodel.Unit, error) {
	switch kind {
	case file.Kind:
		f := new(file.File)
		return f, decodeInto(f, lowerName, body, nil)
	case deb.Kind:
		p := new(deb.Package)
		return p, decodeInto(p, debName, body, func(name string, raw json.RawMessage) error {
			return addField(&p.Fields, strings.TrimSuffix(name, ":"), raw) // the colon tells a field from the files
		})
	case deb.SourceKind:
		s := new(deb.Source)
		return s, decodeInto(s, sourceName, body, func(name string, raw json.RawMessage) error {
			if raw[0] != '[' {
				return addField(&s.Fields, name, raw)
			}
			s.List = name
			return each(raw, func(n int) { s.Files = make([]deb.SourceFile, n) }, func(i int, raw json.RawMessage) error {
				f := reflect.ValueOf(&s.Files[i]).Elem()
				return each(raw, nil, func(i int, raw json.RawMessage) error { return set(f.Field(f.NumField()-1-i), raw) })
			})
		})
	case npm.Kind:
		v := &npm.Version{Manifest: body}
		var m struct {
			Name, Version, Deprecated string
			Dist                      struct{ Tarball, Integrity, Shasum string }
		}
		err := json.Unmarshal(body, &m)
		v.Name, v.Version, v.Deprecated = m.Name, m.Version, m.Deprecated
		v.Tarball, v.Integrity, v.Shasum = m.Dist.Tarball, m.Dist.Integrity, m.Dist.Shasum
		return v, err
	case rpm.Kind:
		p := new(rpm.Package)
		if err := decodeInto(p, lowerName, body, nil); err != nil {
			return nil, err
		}
		if p.Key() != key {
			return nil, fmt.Errorf("the body has the pkgid %s", p.PkgID)
		}
		return p, nil
	}
	return nil, fmt.Errorf("no kind of ours")
}

func addField(to *[]deb.Field, name string, raw json.RawMessage) error {
	value, err := jsonw.Unquote(raw)
	*to = append(*to, deb.Field{Name: name, Value: value})
	return err
}

// lowerName, debName and sourceName are how a struct's field may be called in a body.
func lowerName(field string) string { return strings.ToLower(field) }

func debName(field string) string {
	switch field {
	case "MultiArch":
		return "Multi-Arch"
	case "PreDepends":
		return "Pre-Depends"
	case "InstalledSize":
		return "Installed-Size"
	case "DescriptionMD5":
		return "Description-md5"
	case "MD5":
		return "MD5sum"
	case "Files":
		return "files"
	case "Fields":
		return "" // never a name
	}
	return field
}

func sourceName(field string) string {
	switch field {
	case "Files", "Fields", "List":
		return "" // Files are there, but of the source, and called by List
	}
	return field
}

// decodeInto sets the fields of *to by a JSON object. Names without a field go to other, or are an error if it is nil.
// It is written against the struct, not against the tables that WriteBody uses, and it does not use encoding/json for
// strings, which would hide lost bytes.
func decodeInto(to any, nameOf func(string) string, body []byte, other func(name string, raw json.RawMessage) error) error {
	v := reflect.ValueOf(to).Elem()
	fields := make(map[string]reflect.Value)
	for f, value := range v.Fields() {
		if f.IsExported() {
			fields[nameOf(f.Name)] = value
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	seen := make(map[string]bool)
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name := t.(string)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		f, ok := fields[name]
		if name == "checksum_type" { // follows from the pkgid
			continue
		}
		if !ok && other == nil { // size_package is SizePackage
			f, ok = fields[strings.ReplaceAll(name, "_", "")]
		}
		switch {
		case seen[name]:
			err = fmt.Errorf("twice in the body")
		case ok:
			err = set(f, raw)
		case other == nil:
			err = fmt.Errorf("no such field")
		default:
			err = other(name, raw)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
		seen[name] = true
	}
	return nil
}

// set parses one value: a string, a number, a digest, or an array of structs that are arrays of these.
func set(to reflect.Value, raw json.RawMessage) (err error) {
	if list := packedList(to); list != nil {
		all := reflect.New(list.of).Elem()
		if err := set(all, raw); err != nil {
			return err
		}
		list.pack(all)
		return nil
	}
	switch to.Kind() {
	case reflect.Int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		to.SetInt(n)
		return err
	case reflect.Slice:
		return each(raw, func(n int) { to.Set(reflect.MakeSlice(to.Type(), n, n)) },
			func(i int, raw json.RawMessage) error { return set(to.Index(i), raw) })
	case reflect.Struct:
		return each(raw, nil, func(i int, raw json.RawMessage) error { return set(to.Field(i), raw) })
	case reflect.Bool: // its name stands for true, and for false there is nothing
		to.SetBool(true)
		return nil
	}
	s, err := jsonw.Unquote(raw)
	if err != nil {
		return err
	}
	if to.Type() == reflect.TypeFor[contentmodel.Checksum]() {
		c, err := contentmodel.ParseChecksum("", s)
		to.SetString(string(c))
		return err
	}
	if to.Kind() == reflect.String {
		to.SetString(s)
		return nil
	}
	d, err := contentmodel.ParseDigest(s)
	to.Set(reflect.ValueOf(d))
	return err
}

// packing is how a field that is a packed list is set from a slice.
type packing struct {
	of   reflect.Type // the slice
	pack func(reflect.Value)
}

// packedList is nil if v is not a packed list.
func packedList(v reflect.Value) *packing {
	switch list := v.Addr().Interface().(type) {
	case *rpm.Files:
		return packingOf(list, rpm.NewFiles)
	case *rpm.Dependencies:
		return packingOf(list, rpm.NewDependencies)
	case *rpm.Changelogs:
		return packingOf(list, rpm.NewChangelogs)
	}
	return nil
}

func packingOf[L, E any](list *L, pack func(...E) L) *packing {
	return &packing{reflect.TypeFor[[]E](), func(all reflect.Value) { *list = pack(all.Interface().([]E)...) }}
}

// each calls fn with every element of a JSON array, and begin, unless it is nil, with their number.
func each(raw json.RawMessage, begin func(int), fn func(int, json.RawMessage) error) error {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	if begin != nil {
		begin(len(all))
	}
	for i, raw := range all {
		if err := fn(i, raw); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}
