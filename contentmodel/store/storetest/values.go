package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// values look at what a user sees: units of the real formats come back with the same value in each field.
var values = []testCase{
	{"every field of every format comes back", (*suite).everyField},
	{"a package with many files comes back", (*suite).manyFiles},
	{"the longest strings come back", (*suite).longStrings},
	{"of different units with one key the first stays", (*suite).sameKey},
	{"keys of any bytes are keys", (*suite).nastyKeys},
}

// nasty are strings that some layer may take for something else.
var nasty = []string{
	"", " ", "\x00", "a\x00b", "a\x00", "\n", "\r\n", "\t", "\x7f", `"`, `\`, `\"`, `\udc80`, `\u0000`, "'", "''; --", "%s", "{}", "[]", "null", "NaN",
	"\xff", "\xc3", "a\xc3", "\xc3(", "\xed\xb2\x80", "\xed\xa0\xbd\xed\xb2\xa9", "\xf4\x90\x80\x80", "\xc0\x80", "caf\xe9", // not UTF-8
	"\ufffd", "\ufeff", "\u2028", "ä", "a\u0308", "\U0001f4e6", "\u202eevil", "-9223372036854775808", "1e309",
	strings.Repeat("\x00", 900), strings.Repeat("\xff", 900), strings.Repeat("é", 3000),
}

var numbers = []int64{math.MaxInt64, math.MinInt64, 0, 1, -1, math.MaxInt32 + 1, 1 << 53, 1<<53 + 1}

// wantBack checks that the store keeps u, field by field.
func (s *suite) wantBack(u contentmodel.Unit) {
	s.Helper()
	got, err := ReadBack(s.Context(), s.store, u)
	require.NoError(s, err)
	if diff := differing(u, got); diff != "" {
		s.Fatalf("%s %.80q: %s", u.Kind(), u.Key(), diff)
	}
}

// differing says which fields that anybody can read differ.
func differing(want, got contentmodel.Unit) (diff string) {
	v, w := reflect.ValueOf(want).Elem(), reflect.ValueOf(got).Elem()
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		if want, got := v.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(want, got) {
			diff += fmt.Sprintf("field %s: want %.200q, got %.200q; ", v.Type().Field(i).Name, fmt.Sprint(want), fmt.Sprint(got))
		}
	}
	return diff
}

// digest is a different one for each n.
func digest(n int) (d contentmodel.Digest) {
	d[0], d[30], d[31] = 0xff, byte(n>>8), byte(n)
	return d
}

func checksum(n int) contentmodel.Checksum {
	d := digest(n)
	return contentmodel.Checksum(d[:])
}

// filler fills the fields of a struct with nasty values, another one in each.
type filler int

func (f *filler) fill(v reflect.Value) {
	*f++
	if list := packedList(v); list != nil {
		all := reflect.New(list.of).Elem()
		f.fill(all)
		list.pack(all)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(nasty[int(*f)%len(nasty)])
	case reflect.Int64:
		v.SetInt(numbers[int(*f)%len(numbers)])
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				f.fill(value)
			}
		}
	case reflect.Bool:
		v.SetBool(int(*f)%2 == 0)
	case reflect.Slice:
		if n := int(*f) % 4; n > 0 { // none is nil
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array: // a digest
		v.Set(reflect.ValueOf(digest(int(*f))))
	}
}

func (s *suite) everyField() {
	var units []contentmodel.Unit
	var f filler
	for i := range len(nasty) {
		r, d, p, src := new(rpm.Package), new(deb.Package), new(file.File), new(deb.Source)
		for _, u := range []any{r, d, p, src} {
			f.fill(reflect.ValueOf(u).Elem())
		}
		r.PkgID, d.SHA256, p.SHA256 = checksum(i), digest(i), digest(i)
		for j := range d.Fields { // a reader knows that they are words
			d.Fields[j].Name = fmt.Sprintf("X-%d-%d", i, j)
		}
		src.List = []string{"Checksums-Sha256", "Files"}[i%2]
		for j := range src.Fields {
			src.Fields[j].Name = fmt.Sprintf("X-%d-%d", i, j)
		}
		if len(src.Files) == 0 { // a reader refuses it, and there is no list without files
			src.Files = make([]deb.SourceFile, 1)
		}
		for j := range src.Files {
			src.Files[j].Checksum = checksum(j)
		}
		src.Files[0].Name = fmt.Sprintf("%d.dsc", i)
		src.Files[0].Checksum = checksum(i)
		units = append(units, r, d, p, src, version(i))
	}
	s.save(len(units), units...)
	s.reopen()
	s.save(0, units...)
	require.NotContains(s, s.existing(units...), false)
	for _, u := range units {
		s.wantBack(u)
	}
}

// version is one whose fields are nasty, but for what a reader refuses: what is no text.
func version(i int) *npm.Version {
	text := func(j int) string { return strings.ToValidUTF8(nasty[(i+j)%len(nasty)], "?") }
	v := &npm.Version{Name: "n" + text(0), Version: fmt.Sprint(i), Tarball: text(1), Integrity: text(2), Shasum: text(3), Deprecated: text(4)}
	var err error
	v.Manifest, err = json.Marshal(map[string]any{
		"name": v.Name, "version": v.Version, "deprecated": v.Deprecated, text(5): text(6),
		"dist": map[string]string{"tarball": v.Tarball, "integrity": v.Integrity, "shasum": v.Shasum},
	})
	if err != nil {
		panic(err)
	}
	return v
}

func (s *suite) manyFiles() {
	p := &rpm.Package{PkgID: checksum(1), Name: "many"}
	var files rpm.FilesBuilder
	for i := range 100_000 {
		files.Add(rpm.File{Type: []string{"", "dir", "ghost"}[i%3], Dir: fmt.Sprintf("/usr/share/%d/", i/100), Name: fmt.Sprint(i)})
	}
	p.Files = files.List()
	after := &rpm.Package{PkgID: checksum(2), Name: "after"}
	d := &deb.Package{Package: "many", SHA256: digest(3), Files: p.Files, Fields: []deb.Field{{Name: "files", Value: "a field"}}}
	s.save(3, p, d, after)
	s.wantBack(d)
	s.wantBack(p)
	s.wantBack(after)
}

func (s *suite) longStrings() {
	part := "\"\\\n\x00\xff\u00e9" + strings.Repeat("long ", 700)
	long := strings.Repeat(part, 10<<20/len(part)+1)
	units := []contentmodel.Unit{
		&rpm.Package{PkgID: checksum(1), Description: long, Changelogs: rpm.NewChangelogs(rpm.Changelog{Text: long[:1<<20]})},
		&deb.Package{Package: "a", SHA256: digest(2), Description: long[:1<<20], Fields: []deb.Field{{Name: "X-Y", Value: long[len(long)-1<<20:]}}},
	}
	s.save(2, units...)
	s.wantBack(units[0])
	s.wantBack(units[1])
}

// sameKey has the duplicates in one batch, and then in a later one.
func (s *suite) sameKey() {
	unit := func(i int, text string) *rpm.Package { return &rpm.Package{PkgID: checksum(i), Summary: text} }
	long := strings.Repeat("long", 100<<10)
	s.save(3, unit(1, "first"), unit(2, long), unit(1, "second"), unit(1, long), unit(2, "second"), unit(3, "only"), unit(3, ""))
	s.save(1, unit(3, "later"), unit(4, "new"), unit(2, "later"), unit(4, "later"), unit(1, long+long))
	s.wantCount(4)
	s.wantBack(unit(1, "first"))
	s.wantBack(unit(2, long))
	s.wantBack(unit(3, "only"))
	s.wantBack(unit(4, "new"))
}

// nastyKeys are told apart though some are the beginning of others, or differ in what is no text.
func (s *suite) nastyKeys() {
	var units []contentmodel.Unit
	for i, key := range append(nasty, "\xfe", "a\x00c", "a\x00b\x00", strings.Repeat("\x00", 901), strings.Repeat("key", 10<<20/3)) {
		units = append(units, &Unit{Name: "key" + key, Len: 5 + i})
	}
	require.NotContains(s, s.existing(units...), true)
	s.save(len(units), units...)
	require.NotContains(s, s.existing(units...), false)
	s.save(0, units...)
	for _, u := range units {
		s.wantBody(u.(*Unit))
	}
}
