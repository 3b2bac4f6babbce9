package file

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
)

// remedy is for a line that can't be read.
const remedy = "mend the line, or make the manifest again: a line is path,sha256,size"

// maxLine is the most bytes in a line. File systems end paths at 4 KiB; the
// rest is for spaces and doubt.
const maxLine = 64 << 10

// Options are for reading a manifest. The zero value is ready.
type Options struct {
	// SkipBad is how many lines may be left out because they can't be used;
	// each is told to Note. One more is the error that it would have been.
	SkipBad int
	// Note is told what was left out, by the goroutine that reads. Nil drops it.
	Note func(string)
}

// Read reads a manifest as [Options.Read] does, without any options.
func Read(name string, r io.Reader) iter.Seq2[*File, error] { return Options{}.Read(name, r) }

// Read reads a manifest as a stream; name stands in its errors. It holds one
// line at a time and hands out files that pin nothing of its buffer, two
// allocations each.
//
// The first error ends the sequence: (nil, err), where err is a
// [*contentmodel.InputError] with the line. The sequence reads r as it goes, so
// it can be ranged over once.
func (o Options) Read(name string, r io.Reader) iter.Seq2[*File, error] {
	return func(yield func(*File, error) bool) {
		in, left := lines.New(name, r, maxLine, remedy), spare.New(o.SkipBad, o.Note)
		for {
			f, err := next(in, left)
			if err == io.EOF {
				return
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// next reads up to the next line that names a file.
func next(in *lines.Reader, left *spare.Units) (*File, error) {
	for {
		line, err := in.Next()
		if errors.Is(err, lines.ErrNUL) && left.Use(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		f, err := parse(line)
		if err == nil {
			return f, nil
		}
		if err := in.Errorf("%w", err); !left.Use(err) {
			return nil, err
		}
	}
}

// parse takes the fields from the right, because only the path may hold commas.
func parse(line []byte) (*File, error) {
	rest, size, ok1 := cutLast(line)
	path, digest, ok2 := cutLast(rest)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("want path,sha256,size but have %s", lines.Quote(line))
	}
	if err := lines.CheckPath(path); err != nil {
		return nil, err
	}
	path, err := lines.CleanPath(path) // "./a" is "a"
	if err != nil {
		return nil, err
	}
	d, err := contentmodel.ParseDigestBytes(digest)
	n, errSize := lines.ParseSize(size)
	if err = cmp.Or(err, errSize); err != nil {
		return nil, err
	}
	return &File{Path: string(path), SHA256: d, Size: n}, nil
}

// cutLast splits at the last comma and trims both sides.
func cutLast(b []byte) (before, after []byte, ok bool) {
	i := bytes.LastIndexByte(b, ',')
	if i < 0 {
		return b, nil, false
	}
	return bytes.TrimSpace(b[:i]), bytes.TrimSpace(b[i+1:]), true
}
