package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/internal/synth"
)

// format is one kind of source: how --source begins, and how it is opened.
type format struct {
	prefix string
	takes  string // what follows the prefix
	doc    string
	open   func(ctx context.Context, o *options, address string) (*source, error)
}

const synthPrefix = "synth:"

// formats are the sources that there are; a new one is a row here. The one without a prefix is the last.
var formats = []format{
	{synthPrefix, "NAME,key=value,...", "units made on the fly, see below", openSynth},
	{"rpm:", "PATH-or-URL", "an RPM repository, with its filelists and changelogs", openRPM},
	{"deb:", "PATH-or-URL", "a Debian Packages or Sources index, plain or as .gz, .xz, .zst, .bz2 or .lz4; or a repository, see below", openDeb},
	{
		"npm:", "PATH-or-URL", "an npm packument, such as https://registry.example/NAME; its abbreviated form if there is one",
		openStream(func(o *options, name string, r io.Reader) iter.Seq2[*npm.Version, error] {
			return npm.Options{SkipBad: o.skipBad, Note: o.note, Building: o.building, Kept: o.keeps}.ReadVersions(name, r)
		}),
	},
	{"", "PATH-or-URL", "a PULP_MANIFEST, plain or compressed likewise", openStream(func(o *options, name string, r io.Reader) iter.Seq2[*file.File, error] {
		return file.Options{SkipBad: o.skipBad, Note: o.note}.Read(name, r)
	})},
}

// formatOf is the format of a source, and what follows its prefix.
func formatOf(source string) (f format, address string) {
	for _, f = range formats {
		if rest, ok := strings.CutPrefix(source, f.prefix); ok {
			return f, rest
		}
	}
	return f, source
}

// sourcesHelp is the list of sources, for people.
func sourcesHelp() string {
	var b strings.Builder
	for _, f := range formats {
		fmt.Fprintf(&b, "  %-26s %s\n", f.prefix+f.takes, f.doc)
	}
	return b.String() + keysHelp
}

const keysHelp = `
An rpm: source with ,extras=true behind it has the advisories, groups and modules, too.

A deb: source is a repository if it is a directory, ends in a slash or a Release, or has keys behind it:
suite=bookworm (below dists), components=main+contrib and architectures=amd64+all choose among its indices, and
sources=true adds its source packages, and contents=true the files of each package, as in
deb:https://mirror.example/debian,suite=bookworm,components=main,architectures=amd64
Its indices are compared with the checksums of its Release; the signature of that is not checked.
`

// checkSource says what is wrong with --source before anything is opened.
func (o *options) checkSource() error {
	f, address := formatOf(o.source)
	if f.prefix == synthPrefix {
		spec, err := synth.Parse(address)
		if err != nil {
			return fmt.Errorf("--source: %w", err)
		}
		o.synth = &spec
		return nil
	}
	if address != "" {
		return nil
	}
	var all []string
	for _, f := range formats {
		all = append(all, f.prefix+f.takes)
	}
	return fmt.Errorf("--source: %q names nothing: want %s", o.source, strings.Join(all, ", "))
}

func openSynth(_ context.Context, o *options, _ string) (*source, error) {
	spec := o.synth
	units := func(ctx context.Context) iter.Seq2[contentmodel.Unit, error] {
		return spec.Built(ctx, o.building, o.keeps)
	}
	src := &source{units: units, sink: spec.Sink, pin: spec.Pin, total: int64(spec.Count)}
	if n := spec.Parts(); n > 1 {
		src.parts, src.part = n, spec.Part
	}
	return src, nil
}

// openStream opens a format that is one stream.
func openStream[U contentmodel.Unit](read func(*options, string, io.Reader) iter.Seq2[U, error]) func(context.Context, *options, string) (*source, error) {
	return func(ctx context.Context, o *options, address string) (*source, error) {
		opt := o.streamOptions()
		if o.source == "npm:"+address {
			opt.Accept = npm.Accept
		}
		s, err := contentsource.Open(ctx, address, opt)
		if err != nil {
			return nil, err
		}
		units := func(context.Context) iter.Seq2[contentmodel.Unit, error] { return asUnits(read(o, s.Name(), s)) }
		return &source{units: units, progress: s.Progress, close: s.Close, root: rootOf(address)}, nil
	}
}

// rootOf is where the paths of artifacts begin that a file names, by its own path or URL: the folder that it is in, and for
// the index of a Debian archive the one that dists is in.
func rootOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		root, _, _ := strings.Cut(filepath.Dir(address), "/dists/")
		return root
	}
	u.Path, _, _ = strings.Cut(path.Dir(u.Path), "/dists/")
	u.RawPath = ""
	return u.String()
}

// debKeys are the keys of a deb: source.
var debKeys = []string{"suite", "components", "architectures", "sources", "contents"}

// cutKeys takes ",key=value" off the end of an address, as long as there is one of the keys.
func cutKeys(address string, keys []string) (rest string, values map[string]string) {
	values = make(map[string]string)
	for {
		i := strings.LastIndexByte(address, ',')
		key, value, ok := strings.Cut(address[i+1:], "=")
		if i < 0 || !ok || !slices.Contains(keys, key) {
			return address, values
		}
		values[key] = value
		address = address[:i]
	}
}

func openDeb(ctx context.Context, o *options, address string) (*source, error) {
	opt := deb.Options{SkipBad: o.skipBad, Note: o.note, Building: o.building, Kept: o.keeps}
	at, values := cutKeys(address, debKeys)
	sources, err := trueOrFalse(values, "sources")
	if err != nil {
		return nil, err
	}
	contents, err := trueOrFalse(values, "contents")
	if err != nil {
		return nil, err
	}
	if base, _, _ := strings.Cut(path.Base(at), "."); len(values) == 0 && base == "Sources" {
		return openStream(func(_ *options, name string, r io.Reader) iter.Seq2[*deb.Source, error] {
			return opt.ReadSources(name, r)
		})(ctx, o, at)
	}
	if len(values) == 0 && !isDebRepository(at) {
		return openStream(func(_ *options, name string, r io.Reader) iter.Seq2[*deb.Package, error] {
			return opt.ReadPackages(name, r)
		})(ctx, o, at)
	}
	list := func(key string) []string {
		return strings.FieldsFunc(values[key], func(r rune) bool { return r == '+' })
	}
	r, err := deb.Open(ctx, at, deb.RepositoryOptions{
		Options: opt, Source: o.streamOptions(),
		Suite: values["suite"], Components: list("components"), Architectures: list("architectures"), Contents: contents,
	})
	if err != nil {
		return nil, err
	}
	units := func(ctx context.Context) iter.Seq2[contentmodel.Unit, error] {
		if !sources {
			return asUnits(r.Packages(ctx))
		}
		return oneAfterTheOther(asUnits(r.Packages(ctx)), asUnits(r.Sources(ctx)))
	}
	return &source{units: units, progress: r.Progress, root: r.Root()}, nil
}

// isDebRepository tells a repository from an index by what it is called, or is.
func isDebRepository(at string) bool {
	if strings.HasSuffix(at, "/") || path.Base(at) == "Release" || path.Base(at) == "InRelease" {
		return true
	}
	info, err := os.Stat(at)
	return err == nil && info.IsDir()
}

func openRPM(ctx context.Context, o *options, address string) (*source, error) {
	at, values := cutKeys(address, []string{"extras"})
	extras, err := trueOrFalse(values, "extras")
	if err != nil {
		return nil, err
	}
	r, err := rpm.Open(ctx, at, rpm.Options{Source: o.streamOptions(), SkipBad: o.skipBad, Note: o.note, Building: o.building, Kept: o.keeps})
	if err != nil {
		return nil, err
	}
	units := func(ctx context.Context) iter.Seq2[contentmodel.Unit, error] {
		if !extras {
			return asUnits(r.Packages(ctx))
		}
		return oneAfterTheOther(asUnits(r.Packages(ctx)), asUnits(r.Extras(ctx)))
	}
	return &source{units: units, progress: r.Progress, root: r.Root()}, nil
}

// trueOrFalse reads a key of a source; false where it is not there.
func trueOrFalse(values map[string]string, key string) (bool, error) {
	switch v := values[key]; v {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, fmt.Errorf("--source: %s=%s: want true or false", key, v)
	}
}

// oneAfterTheOther ends with the first error.
func oneAfterTheOther(all ...iter.Seq2[contentmodel.Unit, error]) iter.Seq2[contentmodel.Unit, error] {
	return func(yield func(contentmodel.Unit, error) bool) {
		for _, seq := range all {
			for u, err := range seq {
				if !yield(u, err) || err != nil {
					return
				}
			}
		}
	}
}
