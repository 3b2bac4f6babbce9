package track_test

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/contentmodel/track"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/sizer"
)

// plainPackage is a package that packs nothing: slices of structs, as most parsers make.
type plainPackage struct {
	PkgID, Name, Epoch, Version, Release, Arch                   string
	Summary, Description, Packager, URL, License, Vendor, Group  string
	BuildHost, SourceRPM, LocationHref, LocationBase             string
	TimeFile, TimeBuild, SizePackage, SizeInstalled, SizeArchive int64
	HeaderStart, HeaderEnd                                       int64
	Requires, Provides, Conflicts, Obsoletes                     []rpm.Dependency
	Suggests, Enhances, Recommends, Supplements                  []rpm.Dependency
	Files                                                        []rpm.File
	Changelogs                                                   []rpm.Changelog
}

func unpacked(p *rpm.Package) *plainPackage {
	q := new(plainPackage)
	from, to := reflect.ValueOf(p).Elem(), reflect.ValueOf(q).Elem()
	for i := range from.NumField() {
		f, name := from.Field(i), from.Type().Field(i).Name
		if !from.Type().Field(i).IsExported() {
			continue
		}
		switch list := f.Interface().(type) {
		case rpm.Files:
			q.Files = slices.Collect(list.All())
		case rpm.Changelogs:
			q.Changelogs = slices.Collect(list.All())
		case rpm.Dependencies:
			to.FieldByName(name).Set(reflect.ValueOf(slices.Collect(list.All())))
		default:
			to.FieldByName(name).Set(f.Convert(to.FieldByName(name).Type()))
		}
	}
	return q
}

// deepCopy copies everything that can change: strings can't, and are shared.
func deepCopy(v reflect.Value) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			to.Index(i).Set(deepCopy(v.Index(i)))
		}
	case reflect.Struct:
		to.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				to.Field(i).Set(deepCopy(v.Field(i)))
			}
		}
	default:
		to.Set(v)
	}
	return to
}

// clone is deepCopy with strings of its own, as a round trip through JSON makes them.
func clone(v reflect.Value) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		to.SetString(strings.Clone(v.String()))
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			to.Index(i).Set(clone(v.Index(i)))
		}
	case reflect.Struct:
		to.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				to.Field(i).Set(clone(v.Field(i)))
			}
		}
	default:
		to.Set(v)
	}
	return to
}

// shallow is the fields by their names, as frameworks that find changes at save keep them.
func shallow(v reflect.Value) map[string]any {
	m := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			m[f.Name] = v.Field(i).Interface()
		}
	}
	return m
}

// kept is the heap bytes that keep leaves for each unit, and its nanoseconds.
func kept[T any](units []*T, keep func(*T) any) (bytes, nanos float64) {
	all := make([]any, len(units))
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	keep(units[0]) // compiles, and warms up
	before, begin := heap(), time.Now()
	for i, u := range units {
		all[i] = keep(u)
	}
	took := time.Since(begin)
	after := heap()
	runtime.KeepAlive(all)
	runtime.KeepAlive(units)
	n := float64(len(units))
	return float64(after-before) / n, float64(took.Nanoseconds()) / n
}

func compare[T any](t *testing.T, name string, units []*T) {
	total := int64(0)
	for _, u := range units {
		total += sizer.Of(u)
	}
	unit := float64(total) / float64(len(units))
	deepBytes, deepNanos := kept(units, func(v *T) any { return deepCopy(reflect.ValueOf(v).Elem()).Addr().Interface() })
	cloneBytes, cloneNanos := kept(units, func(v *T) any { return clone(reflect.ValueOf(v).Elem()).Addr().Interface() })
	mapBytes, mapNanos := kept(units, func(v *T) any { return shallow(reflect.ValueOf(v).Elem()) })
	oursBytes, oursNanos := kept(units, func(v *T) any { s := track.Of(v); return &s })
	t.Logf("%-14s %7.0f bytes a unit; kept beside it: clone %7.0f bytes in %7.0f ns; deep %7.0f in %7.0f; shallow map %5.0f in %6.0f; fingerprints %4.0f in %6.0f",
		name, unit, cloneBytes, cloneNanos, deepBytes, deepNanos, mapBytes, mapNanos, oursBytes, oursNanos)
	fields := float64(reflect.TypeFor[T]().NumField())
	require.Less(t, oursBytes, 8*fields*1.15+64, "8 bytes a field, in a block, and the State itself")
	require.Less(t, oursBytes, mapBytes/2)
}

// units are those of a synthetic source.
func units[T any](t *testing.T, text string) (all []*T) {
	spec, err := synth.Parse(text)
	require.NoError(t, err)
	for u, err := range spec.Units(t.Context()) {
		require.NoError(t, err)
		all = append(all, any(u).(*T))
	}
	return all
}

// TestAgainstCopies weighs the ways to find changes on our units: the table of the docs.
func TestAgainstCopies(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("measures bytes and time")
	}
	const packages = "rpm-mixed,versions=1,units=3000"
	compare(t, "file", units[file.File](t, "file-flat,units=3000"))
	compare(t, "deb", units[deb.Package](t, "deb-index,units=3000"))
	compare(t, "rpm", units[rpm.Package](t, packages))
	var plain []*plainPackage
	for _, p := range units[rpm.Package](t, packages) {
		plain = append(plain, unpacked(p))
	}
	compare(t, "rpm, unpacked", plain)
}

// raceEnabled is set by race_test.go.
var raceEnabled bool

func BenchmarkOf(b *testing.B) {
	spec, err := synth.Parse("rpm-mixed,versions=1,units=1000")
	require.NoError(b, err)
	for u, err := range spec.Units(b.Context()) {
		require.NoError(b, err)
		p := u.(*rpm.Package)
		b.SetBytes(sizer.Of(p))
		for b.Loop() {
			track.Of(p)
		}
		return
	}
}
