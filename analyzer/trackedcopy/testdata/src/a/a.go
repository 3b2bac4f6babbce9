package a

import (
	"encoding/json"
	"maps"
	"reflect"
)

type Self struct {
	Name     string
	original *Self
}

func (s *Self) AfterFind() error {
	o := *s
	s.original = &o // want `memvet/trackedcopy: original keeps a second copy of the state \(a copy of the struct\)`
	return nil
}

type Fields struct {
	Name   string
	loaded map[string]any
}

func (f *Fields) PostScan() {
	f.loaded = toMap(f) // want `copied field by field with reflection`
}

func (f *Fields) Changed() bool { return f.loaded["Name"] != f.Name }

func toMap(v any) map[string]any {
	m := map[string]any{}
	r := reflect.ValueOf(v).Elem()
	for i := range r.NumField() {
		m[r.Type().Field(i).Name] = r.Field(i).Interface()
	}
	return m
}

type Row struct {
	data, initial map[string]string
}

func NewRow(data map[string]string) *Row {
	return &Row{
		data:    data,
		initial: maps.Clone(data), // want `made by maps.Clone`
	}
}

type Trip struct {
	Name     string
	snapshot []byte
	prev     *Trip
}

func (t *Trip) AfterLoad() {
	b, _ := json.Marshal(t)
	t.snapshot = b // want `a serialized one`
}

func (t *Trip) remember() {
	b, _ := json.Marshal(t)
	json.Unmarshal(b, &t.prev) // want `prev keeps a second copy`
}

type Object struct{ name string }

func (o *Object) DeepCopy() *Object { c := *o; return &c }

type Tracker struct{ originals map[string]*Object }

func (t *Tracker) Load(o *Object) {
	t.originals[o.name] = o.DeepCopy() // want `made by a.Object.DeepCopy`
}

type Record struct{ data, original map[string]any }

func (r *Record) PostScan() {
	for k, v := range r.data {
		r.original[k] = v // want `copied entry by entry from data`
	}
}

// From here on nothing is to be said.

type Normal struct {
	Name, Lower string
	Tags        []string
}

func (n *Normal) AfterFind() { n.Lower = n.Name }

func (s *Self) Original() *Self { o := *s; return &o }

func patch(o *Object) *Object {
	base := o.DeepCopy()
	o.name = "x"
	return base
}

type Manifest struct {
	raw    []byte
	digest string
}

func New(raw []byte) *Manifest { return &Manifest{raw: raw} }

type Input struct{ Advisories map[string]string }

func inputs(advisories map[string]string) []Input {
	return []Input{{Advisories: maps.Clone(advisories)}}
}

type document interface {
	Fields() []string
	Value(name string) (any, bool)
}

type changeset struct {
	doc      document
	snapshot []any
	values   []any
}

func newChangeset(doc document) changeset {
	c := changeset{doc: doc, snapshot: make([]any, len(doc.Fields())), values: make([]any, len(doc.Fields()))}
	for i, name := range doc.Fields() {
		c.snapshot[i], _ = doc.Value(name) // want `snapshot keeps a second copy of the state \(copied field by field\)`
	}
	return c
}

// An encoder goes through the fields as well, and keeps nothing to compare.
func encode(doc document) []any {
	var c changeset
	for i, name := range doc.Fields() {
		c.values[i], _ = doc.Value(name)
	}
	return c.values
}

func (c changeset) changes() (names []string) {
	for i, name := range c.doc.Fields() {
		if v, _ := c.doc.Value(name); v != c.snapshot[i] {
			names = append(names, name)
		}
	}
	return names
}
