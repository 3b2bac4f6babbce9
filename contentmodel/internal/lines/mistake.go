package lines

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/syncmem/syncmem/contentmodel"
)

// headBytes is how much is kept of the first line: what a tar archive says of itself ends at byte 262.
const headBytes = 512

// mistake is something else that is given in place of the input, by how it begins, in lower case. Without a remedy of
// its own it has the reader's.
type mistake struct{ begin, what, remedy string }

const (
	openIt  = "open the address in a browser: it may ask for a login, or be of a folder"
	unpack  = "unpack it, and name the file inside it"
	release = "name one of the indices it lists, such as main/binary-amd64/Packages.xz"
	again   = "decompress it once, or fetch it again"
)

// mistakes are looked up only for input that can't be read, so a file that merely looks like one is no error.
var mistakes = []mistake{
	{"<!doctype html", "an HTML page", openIt},
	{"<html", "an HTML page", openIt},
	{"<head", "an HTML page", openIt},
	{"<?xml", "an XML document", ""},
	{"<", "a web page or an XML document", openIt},
	{"{", "a JSON document", "open the address in a browser: it may be a server's error message"},
	{"-----begin pgp", "a signed Release file", release},
	{"origin:", ReleaseFile, release},
	{"label:", ReleaseFile, release},
	{"suite:", ReleaseFile, release},
	{"codename:", ReleaseFile, release},
	{"package:", PackagesIndex, "read it as one (syncbench: --source deb:NAME)"},
	{"\x1f\x8b", "gzip data inside compressed data", again},
	{"\xfd7zxz", "xz data inside compressed data", again},
	{"\x28\xb5\x2f\xfd", "zstd data inside compressed data", again},
	{"\x04\x22\x4d\x18", "lz4 data inside compressed data", again},
	{"bzh", "bzip2 data inside compressed data", again},
	{"pk\x03\x04", "a zip archive", unpack},
	{"!<arch>", "an ar archive or a Debian package", "name the index, not a package"},
	{"\xed\xab\xee\xdb", "an RPM package", "name the index, not a package"},
	{"sqlite format 3\x00", "a SQLite database", ""},
	{"%pdf-", "a PDF document", ""},
	{"\xff\xfe", "UTF-16 text", "save it as UTF-8"},
	{"\xfe\xff", "UTF-16 text", "save it as UTF-8"},
}

// What a reader may be for, to be given to [Reader.For].
const (
	PackagesIndex = "an index of Debian packages"
	ReleaseFile   = "a Release file"
)

const bom = "\xef\xbb\xbf"

// noteHead keeps the beginning of a line that may be the first, and returns the line without the mark that some editors put before
// UTF-8 text: it is no part of the first word.
func (r *Reader) noteHead(line []byte) []byte {
	line = bytes.TrimPrefix(line, []byte(bom))
	if text := bytes.TrimSpace(line); len(text) > 0 {
		r.head = append(r.head, line[:min(len(line), headBytes)]...)
	}
	return line
}

// Seems is what an input seems to be that could not be read, by its first bytes, and what to do about it; what is empty
// where there is no telling, and remedy where there is none but the reader's own.
func Seems(head []byte) (what, remedy string) {
	const tarAt, tarMagic = 257, "ustar"
	if len(head) > tarAt && bytes.HasPrefix(head[tarAt:], []byte(tarMagic)) {
		return "a tar archive", unpack
	}
	text := bytes.TrimSpace(head)
	begin := lower(text)
	for _, m := range mistakes {
		if bytes.HasPrefix(begin, []byte(m.begin)) {
			return m.what, m.remedy
		}
	}
	if bytes.IndexByte(text, '\r') >= 0 {
		return "text whose lines end in carriage returns alone", `write it with "\n" at the ends of lines`
	}
	return "", ""
}

// lower is ASCII alone: bytes that are no text must stay as they are.
func lower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// ErrorAt is an error at a line, with the remedy for what the input seems to be.
func (r *Reader) ErrorAt(line int64, format string, args ...any) error {
	e := &contentmodel.InputError{Name: r.name, Line: line, Err: fmt.Errorf(format, args...), Remedy: r.remedy}
	if what, remedy := Seems(r.head); what != "" && what != r.own {
		e.Err, e.Remedy = fmt.Errorf("%w: the input seems to be %s", e.Err, what), cmp.Or(remedy, r.remedy)
	}
	return e
}
