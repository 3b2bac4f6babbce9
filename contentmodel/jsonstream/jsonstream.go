// Package jsonstream reads one large JSON object as a stream of its members.
//
// Some repositories keep all they have in one document: an npm packument has
// every version of a package in the object "versions", a conda repodata.json
// every package in "packages" and "packages.conda". Decoding such a document
// takes several times its size; [Members] takes what one member needs.
package jsonstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/scale"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
)

// DefaultMaxMember is the most bytes of one member, unless Options say else.
const DefaultMaxMember = 8 << 20

// Options are for [Members].
type Options struct {
	// Objects are the members of the document that are objects whose own
	// members come one by one, as they are met.
	Objects []string
	// MaxMember is the most bytes that one member may have; a longer one is an
	// error. The memory that is needed is about three times that of the largest.
	MaxMember int
	// Building is told how long the member that is being read is, in bytes, for
	// every 32 KiB that it comes to have, and its error ends the sequence: it is
	// wrapped, with the place. Nil drops it. See MaxMember for what that takes.
	Building func(bytes int64) error
	// Kept is told how many bytes the buffers have, for every 32 KiB more, and 0
	// at the end: they grow with the longest member, and stay as they are behind
	// it. It is called by the goroutine that reads. Nil drops it.
	Kept func(bytes int64)
	// Remedy stands in errors about the document: what its reader can do.
	Remedy string
}

// Member is one member of the document, or of one of its objects.
type Member struct {
	Object string // whose member it is; empty for the document itself
	Key    string
	Value  []byte // its value as JSON, as it stands there; valid until the next one
}

// Members yields the members of the one JSON object that r is, and of those of
// its members that Options name; name stands in errors. Keys that are there
// twice come twice.
//
// The first error ends the sequence: a [*contentmodel.InputError] with the
// offset. A document that ends early is an error, as is anything behind it.
// The sequence reads r as it goes, so it can be ranged over once.
func Members(name string, r io.Reader, o Options) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		w := &walker{name: name, opt: o, yield: yield, kept: shared.NewKept(o.Kept)}
		defer w.kept.Close()
		w.in = bounded{r: r, limit: cmp.Or(o.MaxMember, DefaultMaxMember), weight: scale.New(o.Building), holds: w.holds}
		w.d = json.NewDecoder(&w.in)
		if err := w.document(); err != nil && err != errStop {
			yield(Member{}, w.explain(err))
		}
	}
}

// errStop ends the walk when nobody wants more.
var errStop = errors.New("stop")

type walker struct {
	name  string
	opt   Options
	yield func(Member, error) bool
	in    bounded
	d     *json.Decoder
	value json.RawMessage
	kept  *shared.Kept
	held  int64 // bytes that kept knows of
}

// holds tells of the buffers as they are now: the decoder's, of which so much is free and the rest was read and not taken
// yet, and that of the value.
func (w *walker) holds(free int) {
	now := w.in.read - w.d.InputOffset() + int64(free) + int64(cap(w.value))
	w.kept.Add(now - w.held)
	w.held = now
}

func (w *walker) document() error {
	if err := w.object("", w.opt.Objects); err != nil {
		return err
	}
	w.in.since = 0
	if t, err := w.d.Token(); err != io.EOF {
		return cmp.Or(err, fmt.Errorf("there is something behind the document: %v", t))
	}
	return nil
}

// object walks the object that comes next. Those of its members that are named
// are walked themselves.
func (w *walker) object(name string, walk []string) error {
	t, err := w.d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("want an object but have %.40q", fmt.Sprint(t))
	}
	for last := !w.d.More(); !last; {
		w.in.since = 0
		w.in.weight.Begin()
		key, err := w.key()
		if err != nil {
			return err
		}
		walked := slices.Contains(walk, key)
		if walked {
			err = w.object(key, nil)
		} else {
			w.value = w.value[:0]
			err = w.d.Decode(&w.value)
		}
		if err != nil {
			return err
		}
		// A number has its end only where something follows it. More says so itself up to Go 1.26.
		if last = !w.d.More(); last {
			if err := w.end(); err != nil {
				return err
			}
		} else if w.in.ended && !w.left() {
			return io.ErrUnexpectedEOF
		}
		if !walked && !w.yield(Member{name, key, w.value}, nil) {
			return errStop
		}
		if last {
			return nil
		}
	}
	return w.end()
}

func (w *walker) key() (string, error) {
	t, err := w.d.Token()
	if err != nil {
		return "", err
	}
	key, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("want a key but have %.40q", fmt.Sprint(t))
	}
	return key, nil
}

// left reports whether the decoder has read more than it has taken.
func (w *walker) left() bool {
	_, err := w.d.Buffered().Read(make([]byte, 1))
	return err == nil
}

// end takes the brace that closes an object.
func (w *walker) end() error {
	_, err := w.d.Token()
	return err
}

// explain gives an error its place, unless it comes from the stream below.
func (w *walker) explain(err error) error {
	if _, ok := errors.AsType[*contentmodel.InputError](err); ok {
		return err
	}
	// Up to Go 1.26 the end within a value is io.ErrUnexpectedEOF; from 1.27 on it is an error of the syntax.
	if syntax, ok := errors.AsType[*json.SyntaxError](err); err == io.EOF || ok && syntax.Error() == "unexpected end of JSON input" {
		err = io.ErrUnexpectedEOF
	}
	at := w.d.InputOffset()
	if w.in.weight.Err() != nil { // it is no fault of the document's
		return fmt.Errorf("%s: at byte %d: while a member was read: %w", w.name, at, err)
	}
	remedy := w.opt.Remedy
	switch {
	case errors.Is(err, errTooLong):
		err = fmt.Errorf("a member is longer than %d bytes", w.in.limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("ends in the middle: %w", err)
		remedy = "fetch it again"
	default:
		if what, better := lines.Seems(w.in.head); what != "" && what != "a JSON document" {
			err, remedy = fmt.Errorf("%w: the input seems to be %s", err, what), cmp.Or(better, remedy)
		}
	}
	return &contentmodel.InputError{Name: w.name, Err: fmt.Errorf("at byte %d: %w", at, err), Remedy: cmp.Or(remedy, "fetch it again")}
}

var errTooLong = errors.New("too long")

// bounded is what the decoder reads from. Its buffer grows for one value,
// however long, so the bytes since the last one are counted.
type bounded struct {
	r      io.Reader
	since  int
	limit  int
	read   int64 // bytes in all
	weight *scale.Scale
	holds  func(free int) // is told how much there is to read into
	ended  bool           // r has
	head   []byte         // the first bytes, for messages
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.since > b.limit {
		return 0, errTooLong
	}
	b.holds(len(p))
	n, err := b.r.Read(p)
	b.since += n
	b.read += int64(n)
	if err := b.weight.At(int64(b.since)); err != nil {
		return 0, err
	}
	b.ended = b.ended || err == io.EOF
	if b.head == nil {
		b.head = bytes.Clone(p[:min(n, 512)])
	}
	return n, err
}
