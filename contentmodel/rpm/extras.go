package rpm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/xmlread"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// The kinds of content that a repository has beside packages.
const (
	AdvisoryKind = "rpm-advisory" // an <update> of updateinfo
	GroupKind    = "rpm-group"    // a <group>, <environment>, <category> or <langpacks> of comps
	ModuleKind   = "rpm-module"   // a document of modules
)

// Extra is one advisory, group or module, as the metadata has it: whoever
// needs more than its name reads the text.
type Extra struct {
	kind string
	// ID is what it is called: the id of an advisory or group; type, name,
	// stream, version, context and architecture of a module, with colons between.
	ID string
	// Text is the XML element, or the YAML document.
	Text string
}

// Kind is one of the kinds above.
func (e *Extra) Kind() string { return e.kind }

// Key is the ID and the digest of the text: repositories have one ID several
// times, with other content.
func (e *Extra) Key() string {
	sum := sha256.Sum256([]byte(e.Text))
	return e.ID + " " + contentmodel.Digest(sum).String()
}

// String is the ID.
func (e *Extra) String() string { return e.ID }

// WriteBody writes ID and text.
func (e *Extra) WriteBody(w io.Writer) error {
	j := jsonw.New(w)
	j.BeginObject()
	j.Field("id", e.ID)
	j.Field("text", e.Text)
	j.EndObject()
	return j.Close()
}

// extras are the files that have them, by their types in repomd.xml; the first
// that is there of each row is read.
var extras = []struct {
	types []string
	read  func(*source.Stream, func(*Extra) error) error
}{
	{[]string{"updateinfo"}, readXML("updates", AdvisoryKind, "update")},
	{[]string{"group_gz", "group_xz", "group_zst", "group"}, readXML("comps", GroupKind, "group", "environment", "category", "langpacks")},
	{[]string{"modules"}, readModules},
}

// Extras yields the advisories, groups and modules of the repository, one by
// one, each file compared with repomd.xml while it is read, as [Repository.Packages]
// does. A repository that has none of a kind is fine. One of more than 8 MiB is
// an error.
func (r *Repository) Extras(ctx context.Context) iter.Seq2[*Extra, error] {
	return func(yield func(*Extra, error) bool) {
		for _, e := range extras {
			err := r.extra(ctx, e.types, func(s *source.Stream) error {
				return e.read(s, func(x *Extra) error {
					if err := context.Cause(ctx); err != nil {
						return err
					}
					if !yield(x, nil) {
						return errStop
					}
					return nil
				})
			})
			if err == errStop {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// errStop ends the reading when nobody wants more.
var errStop = errors.New("stop")

// extra reads the file of the first type that is there.
func (r *Repository) extra(ctx context.Context, types []string, read func(*source.Stream) error) error {
	for _, kind := range types {
		rec, ok, err := best(r.records, kind)
		if err != nil {
			return &contentmodel.InputError{Name: r.repomd, Err: err, Remedy: "ask who runs the repository for metadata as .gz or .zst"}
		}
		if !ok {
			continue
		}
		s, err := r.open(ctx, rec)
		if err != nil {
			return err
		}
		defer s.Close()
		return read(s)
	}
	return nil
}

// readXML reads a document whose elements of some names are the units.
func readXML(root, kind string, names ...string) func(*source.Stream, func(*Extra) error) error {
	return func(s *source.Stream, emit func(*Extra) error) error {
		x := xmlread.New(s.Name(), remedy, s)
		if err := x.Root(root); err != nil {
			return err
		}
		for {
			name, err := x.Child()
			if err != nil {
				return err
			}
			if name == nil {
				return x.End()
			}
			unit := false
			for _, n := range names {
				unit = unit || n == string(name)
			}
			if !unit {
				if err := x.Skip(); err != nil {
					return err
				}
				continue
			}
			e := &Extra{kind: kind, ID: string(name)} // langpacks have no id
			x.Record()
			if err := element(x, &e.ID); err != nil {
				return err
			}
			e.Text = string(x.Recorded())
			if err := emit(e); err != nil {
				return err
			}
		}
	}
}

// element reads the element that is open to its end, and its <id> if it has one.
func element(x *xmlread.Reader, id *string) error {
	for {
		name, err := x.Child()
		switch {
		case err != nil:
			return err
		case name == nil:
			return nil
		case string(name) == "id":
			text, err := x.Text()
			if err != nil {
				return err
			}
			if s := strings.TrimSpace(string(text)); s != "" {
				*id = s
			}
			continue
		}
		if err := x.Skip(); err != nil {
			return err
		}
	}
}

// readModules takes a stream of YAML documents apart at the lines between
// them. The first may lack its own.
func readModules(s *source.Stream, emit func(*Extra) error) error {
	in := lines.New(s.Name(), s, xmlread.MaxText, remedy)
	var doc []byte
	flush := func() error {
		if saysNothing(doc) {
			doc = doc[:0]
			return nil
		}
		e := &Extra{kind: ModuleKind, ID: moduleID(doc), Text: string(doc)}
		doc = doc[:0]
		if e.ID == "" {
			return in.Errorf("the document that ends here is no module: it has neither document nor data")
		}
		return emit(e)
	}
	for {
		line, err := in.Next()
		if err == io.EOF {
			return flush()
		}
		if err != nil {
			return err
		}
		if string(line) == "..." || string(line) == "---" || bytes.HasPrefix(line, []byte("--- ")) {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		if doc = append(append(doc, line...), '\n'); len(doc) > xmlread.MaxRecord {
			return in.Errorf("a document is longer than %d bytes", xmlread.MaxRecord)
		}
	}
}

// saysNothing reports whether there is but space, comments and directives.
func saysNothing(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

// moduleID is what a document is called, from its type and the first level of
// its data. Modules are written by one library, in one way, or by hand, with all
// of it indented: a reader of all YAML would say no more.
func moduleID(doc []byte) string {
	values := make(map[string]string)
	first, inData, indent := -1, false, 0 // first is the depth of the first key
	for line := range bytes.Lines(doc) {
		text := strings.TrimRight(string(line), " \r\n")
		key, value, ok := strings.Cut(strings.TrimLeft(text, " "), ":")
		depth := len(text) - len(strings.TrimLeft(text, " "))
		switch {
		case !ok || strings.HasPrefix(key, "#"):
		case first < 0 || depth == first:
			first, inData, indent = depth, key == "data", 0
			values[key] = value
		case inData && (indent == 0 || depth == indent):
			indent = depth
			if values["data."+key] == "" {
				values["data."+key] = value
			}
		}
	}
	if values["document"] == "" {
		return ""
	}
	id := []string{scalar(values["document"])}
	for _, key := range []string{"name", "module", "stream", "version", "context", "arch"} {
		if v, ok := values["data."+key]; ok {
			id = append(id, scalar(v))
		}
	}
	return strings.Join(id, ":")
}

// scalar is a plain or quoted value.
func scalar(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n > 1 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		s = s[1 : n-1]
	}
	return s
}

var _ contentmodel.Unit = (*Extra)(nil)
