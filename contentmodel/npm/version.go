package npm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
	"github.com/syncmem/syncmem/contentmodel/jsonstream"
)

// Kind is the content type of versions in stores.
const Kind = "npm"

// Accept asks a registry for the abbreviated form of a packument first: for
// large packages a twentieth of the whole, without the times and the README.
const Accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"

const remedy = "check that it is the packument of a package, and fetch it again"

// Version is one version of a package.
type Version struct {
	Name, Version string // the identity, never empty
	Tarball       string // URL
	Integrity     string // of the tarball, as in Subresource Integrity: "sha512-..."
	Shasum        string // SHA-1 of the tarball in hex
	Deprecated    string // why it should not be used; empty if it may

	// Manifest is the whole of the version, one JSON object as the registry
	// wrote it, but for space between its parts.
	Manifest []byte
}

// Kind is always [Kind].
func (v *Version) Kind() string { return Kind }

// Key is name@version: a registry never lets a version's bytes change.
func (v *Version) Key() string { return v.Name + "@" + v.Version }

// WriteBody writes the manifest.
func (v *Version) WriteBody(w io.Writer) error {
	const piece = 4 << 10
	for b := v.Manifest; len(b) > 0; {
		n := min(len(b), piece)
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// manifest is what is looked at in a version.
type manifest struct {
	Name       string
	Version    string
	Deprecated any // some registries write a boolean
	Dist       struct{ Tarball, Integrity, Shasum string }
}

// Options are for reading a packument. The zero value is ready.
type Options struct {
	// SkipBad is how many versions may be left out because they can't be used;
	// each is told to Note. One more is the error that it would have been. What
	// is no JSON always is one.
	SkipBad int
	// Note is called by the goroutine that reads. Nil drops it.
	Note func(string)
	// Building is told what the version that is being read weighs, in bytes, for
	// every 32 KiB that it comes to have: memory can be asked for before it is
	// taken, and most versions are never told of. It is called by the goroutine
	// that reads. An error ends the sequence: it is wrapped, with the place. Nil
	// drops it. Package memacct's Gate.Building has a method that is one, as has
	// an Out of package pipeline.
	Building func(bytes int64) error
	// Kept is told how many bytes the reader keeps beside the version that it is
	// at: its buffers, which grow with the longest version and stay so to the end.
	// It is called by the goroutine that reads, for every 32 KiB more, and with 0
	// at the end. Nil drops it. The Set of a Hold of package memacct is one.
	Kept func(bytes int64)
}

// ReadVersions reads a packument as [Options.ReadVersions] does, without any
// options.
func ReadVersions(name string, r io.Reader) iter.Seq2[*Version, error] {
	return Options{}.ReadVersions(name, r)
}

// ReadVersions reads a packument as a stream of its versions, in its order;
// name stands in errors. It holds one version at a time, and a version of up to
// 8 MiB.
//
// The first error ends the sequence: a [*contentmodel.InputError]. The
// sequence reads r as it goes, so it can be ranged over once.
func (o Options) ReadVersions(name string, r io.Reader) iter.Seq2[*Version, error] {
	return func(yield func(*Version, error) bool) {
		wrong := func(format string, args ...any) error {
			return &contentmodel.InputError{Name: name, Err: fmt.Errorf(format, args...), Remedy: remedy}
		}
		left, seen := spare.New(o.SkipBad, o.Note), false
		var reason string
		for m, err := range jsonstream.Members(name, r, jsonstream.Options{Objects: []string{"versions"}, Building: o.Building, Kept: o.Kept, Remedy: remedy}) {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case m.Object == "versions":
				seen = true
				v, err := parse(m)
				if err != nil {
					if err = wrong("version %.80q: %w", m.Key, err); left.Use(err) {
						continue
					}
					yield(nil, err)
					return
				}
				if !yield(v, nil) {
					return
				}
			case m.Key == "error": // what a registry says where there is no such package
				_ = json.Unmarshal(m.Value, &reason)
			}
		}
		if !seen && reason != "" {
			yield(nil, wrong("the registry says: %.200q", reason))
		}
	}
}

var errText = errors.New("is not UTF-8 text")

func parse(member jsonstream.Member) (*Version, error) {
	if !utf8.Valid(member.Value) {
		return nil, errText
	}
	var m manifest
	if err := json.Unmarshal(member.Value, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Name == "":
		return nil, errors.New("has no name")
	case m.Version != "" && m.Version != member.Key:
		return nil, fmt.Errorf("says that it is version %.80q", m.Version)
	case member.Key == "":
		return nil, errors.New("has no version")
	}
	v := &Version{
		Name: m.Name, Version: member.Key,
		Tarball: m.Dist.Tarball, Integrity: m.Dist.Integrity, Shasum: m.Dist.Shasum,
		Manifest: compact(member.Value),
	}
	if why, ok := m.Deprecated.(string); ok {
		v.Deprecated = why
	}
	return v, nil
}

// compact is JSON without the space between its parts, in a block of its own
// that is no larger than it must be.
func compact(value []byte) []byte {
	inside, escaped, n := false, false, 0
	keep := func(c byte) bool {
		switch {
		case escaped:
			escaped = false
		case inside && c == '\\':
			escaped = true
		case c == '"':
			inside = !inside
		case !inside && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			return false
		}
		return true
	}
	for _, c := range value {
		if keep(c) {
			n++
		}
	}
	b := make([]byte, 0, n)
	for _, c := range value {
		if keep(c) {
			b = append(b, c)
		}
	}
	return b
}
