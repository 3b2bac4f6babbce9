package rpm_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/sizer"
)

// plain is a package as structs of strings, each string of its own, as a parser makes them.
type plain struct {
	PkgID                                                        string
	Name, Epoch, Version, Release, Arch                          string
	Summary, Description, Packager, URL, License, Vendor, Group  string
	BuildHost, SourceRPM, LocationHref, LocationBase             string
	TimeFile, TimeBuild, SizePackage, SizeInstalled, SizeArchive int64
	HeaderStart, HeaderEnd                                       int64
	Requires, Provides, Conflicts, Obsoletes                     []rpm.Dependency
	Suggests, Enhances, Recommends, Supplements                  []rpm.Dependency
	Files                                                        []rpm.File
	Changelogs                                                   []rpm.Changelog
}

func own(s string) string { return string([]byte(s)) }

func ownDependencies(d rpm.Dependencies) []rpm.Dependency {
	all := make([]rpm.Dependency, 0, d.Len())
	for d := range d.All() {
		all = append(all, rpm.Dependency{own(d.Name), own(d.Flags), own(d.Epoch), own(d.Version), own(d.Release), d.Pre})
	}
	return all
}

func plainOf(p *rpm.Package) *plain {
	q := &plain{
		own(p.PkgID.String()), own(p.Name), own(p.Epoch), own(p.Version), own(p.Release), own(p.Arch),
		own(p.Summary), own(p.Description), own(p.Packager), own(p.URL), own(p.License), own(p.Vendor), own(p.Group),
		own(p.BuildHost), own(p.SourceRPM), own(p.LocationHref), own(p.LocationBase),
		p.TimeFile, p.TimeBuild, p.SizePackage, p.SizeInstalled, p.SizeArchive, p.HeaderStart, p.HeaderEnd,
		ownDependencies(p.Requires), ownDependencies(p.Provides), ownDependencies(p.Conflicts), ownDependencies(p.Obsoletes),
		ownDependencies(p.Suggests), ownDependencies(p.Enhances), ownDependencies(p.Recommends), ownDependencies(p.Supplements),
		make([]rpm.File, 0, p.Files.Len()), make([]rpm.Changelog, 0, p.Changelogs.Len()),
	}
	for f := range p.Files.All() {
		q.Files = append(q.Files, rpm.File{Type: own(f.Type), Dir: own(f.Dir), Name: own(f.Name)})
	}
	for c := range p.Changelogs.All() {
		q.Changelogs = append(q.Changelogs, rpm.Changelog{own(c.Author), c.Date, own(c.Text)})
	}
	return q
}

// TestBytes weighs packages of Debian's shape, ours and plain ones with the same in them: the table is the answer, and the
// bounds keep it true.
func TestBytes(t *testing.T) {
	spec, err := synth.Parse("rpm-mixed,versions=1,units=6000")
	require.NoError(t, err)
	type weight struct{ files, list, plainList, unit, plainUnit int64 }
	var all []weight
	var sum weight
	for u, err := range spec.Units(t.Context()) {
		require.NoError(t, err)
		p := u.(*rpm.Package)
		q := plainOf(p)
		w := weight{int64(p.Files.Len()), sizer.Of(p.Files), sizer.Of(q.Files), sizer.Of(p), sizer.Of(q)}
		all = append(all, w)
		sum.files += w.files
		sum.list += w.list
		sum.plainList += w.plainList
		sum.unit += w.unit
		sum.plainUnit += w.plainUnit
	}
	slices.SortFunc(all, func(a, b weight) int { return int(a.files - b.files) })
	for _, c := range []struct {
		what string
		w    weight
		unit float64 // the most of a plain unit
	}{
		{"p50 of the files", all[len(all)/2], 0.75},
		{"p90", all[len(all)*9/10], 0.50},
		{"p99", all[len(all)*99/100], 0.40},
		{"maximum", all[len(all)-1], 0.40},
		{"all", sum, 0.40},
	} {
		list, unit := float64(c.w.list)/float64(c.w.plainList), float64(c.w.unit)/float64(c.w.plainUnit)
		t.Logf("%-16s %8d files: list %9d of %10d bytes, %2.0f %%; unit %9d of %10d, %2.0f %%",
			c.what, c.w.files, c.w.list, c.w.plainList, 100*list, c.w.unit, c.w.plainUnit, 100*unit)
		require.Less(t, list, 0.40, c.what)
		require.Less(t, unit, c.unit, c.what)
	}
}
