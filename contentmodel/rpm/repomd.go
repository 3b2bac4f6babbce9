package rpm

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/xmlread"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// remedy is for a document that can't be read.
const remedy = "check that it is the metadata of an RPM repository, and fetch it again"

// maxRecords is how many files a repomd.xml may name. Real ones name a dozen.
const maxRecords = 1000

// Record is what repomd.xml says of one file of the metadata.
type Record struct {
	Type string // "primary", "filelists", "other", "modules", ...
	Href string // where it is, below Base
	Base string // of Href, where it is not the repository itself; mostly empty

	// Of the file as stored, and after decompression; zero if not known.
	Checksum, OpenChecksum contentmodel.Checksum
	Size, OpenSize         int64 // bytes
}

// readRepomd reads a whole repomd.xml: it is as long as the repository has
// kinds of metadata.
func readRepomd(s *source.Stream) ([]Record, error) {
	x := xmlread.New(s.Name(), remedy, s)
	if err := x.Root("repomd"); err != nil {
		return nil, err
	}
	var all []Record
	for {
		name, err := x.Child()
		if err != nil {
			return nil, err
		}
		if name == nil {
			return all, x.End()
		}
		if string(name) != "data" {
			if err := x.Skip(); err != nil {
				return nil, err
			}
			continue
		}
		if len(all) == maxRecords {
			return nil, x.Errorf("names more than %d files", maxRecords)
		}
		var r Record
		if err := r.read(x); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

// read reads one <data>.
func (r *Record) read(x *xmlread.Reader) error {
	err := attrs(x, func(name, value []byte) error {
		if string(name) == "type" {
			r.Type = string(value)
		}
		return nil
	})
	for err == nil {
		var name []byte
		if name, err = x.Child(); err != nil {
			break
		}
		switch string(name) {
		case "":
			if r.Href == "" {
				return x.Errorf("%s has no location", r.Type)
			}
			return nil
		case "checksum":
			r.Checksum, err = readChecksum(x)
		case "open-checksum":
			r.OpenChecksum, err = readChecksum(x)
		case "size":
			r.Size, err = readSize(x)
		case "open-size":
			r.OpenSize, err = readSize(x)
		case "location":
			if err = readLocation(x, &r.Href, &r.Base); err == nil {
				err = x.Skip()
			}
		default:
			err = x.Skip()
		}
	}
	return err
}

// attrs calls fn with each attribute of the element that was just opened.
func attrs(x *xmlread.Reader, fn func(name, value []byte) error) error {
	for {
		name, value, err := x.Attr()
		if name == nil || err != nil {
			return err
		}
		if err := fn(name, value); err != nil {
			return x.Wrong("%s: %w", name, err)
		}
	}
}

func readChecksum(x *xmlread.Reader) (sum contentmodel.Checksum, err error) {
	kind := ""
	err = attrs(x, func(name, value []byte) error {
		if string(name) == "type" {
			kind = string(value)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	text, err := x.Text()
	if err != nil {
		return "", err
	}
	if sum, err = contentmodel.ParseChecksum(kind, strings.TrimSpace(string(text))); err != nil {
		return "", x.Wrong("%w", err)
	}
	return sum, nil
}

func readSize(x *xmlread.Reader) (int64, error) {
	text, err := x.Text()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return 0, x.Errorf("size %q is no number of bytes", text)
	}
	return n, nil
}

// readLocation reads the attributes of a <location>.
func readLocation(x *xmlread.Reader, href, base *string) error {
	return attrs(x, func(name, value []byte) error {
		switch string(name) {
		case "href":
			*href = string(value)
			return checkHref(*href)
		case "base":
			*base = string(value)
			if *base != "" {
				return checkHref(*base)
			}
		}
		return nil
	})
}

// checkHref refuses what would lead out of a repository: a mirror that saves
// the file under its own roof must be able to.
func checkHref(href string) error {
	switch {
	case href == "":
		return errors.New("is empty")
	case strings.Contains(href, "://"):
		return nil // an address of its own
	case strings.HasPrefix(href, "/"), strings.Contains(href, `\`), slices.Contains(strings.Split(href, "/"), ".."):
		return fmt.Errorf("%q leads out of the repository", href)
	}
	return nil
}

// best is the record of a kind of metadata that can be read with least work,
// and whether there is any; the error is about one that can't be read.
func best(all []Record, kind string) (r Record, ok bool, err error) {
	// Others are tried in the order of repomd.xml: the first bytes tell what they are.
	order := []string{".zst", ".gz", ".bz2", ".xz"}
	rank := func(r Record) int {
		if i := slices.Index(order, path.Ext(r.Href)); i >= 0 {
			return i
		}
		return len(order)
	}
	zchunk := false
	for _, next := range all {
		switch {
		case next.Type == kind+"_zck" || next.Type == kind && path.Ext(next.Href) == ".zck":
			zchunk = true
		case next.Type == kind && (!ok || rank(next) < rank(r)):
			r, ok = next, true
		}
	}
	if !ok && zchunk {
		return r, false, fmt.Errorf("has %s as zchunk alone (.zck), which is not supported", kind)
	}
	return r, ok, nil
}
