package xmlread

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/orisano/gosax"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

const (
	// bufBytes is the parser's buffer at first; it grows up to the limit.
	bufBytes = 64 << 10
	// MaxText is the longest text, tag or comment that a document may hold.
	MaxText = 1 << 20
	// MaxRecord is the longest element that can be recorded.
	MaxRecord = 8 << 20
	// maxDepth is how many elements may be inside each other.
	maxDepth = 64
	// headBytes is how much of a beginning tells what an input is.
	headBytes = 512
)

// Reader reads one document. It belongs to one goroutine.
type Reader struct {
	name   string
	remedy string
	in     bounded
	sax    *gosax.Reader
	event  gosax.Event
	at     int64 // bytes before the end of the event

	stack []byte // the names of the open elements
	ends  []int  // and where each ends in there
	empty bool   // the innermost is <closed/> and has had its end
	attrs []byte // of the tag last read, what was not looked at
	text  []byte // the text last read
	value []byte // of an attribute that had references in it
	err   error

	recording bool
	record    []byte
}

// New reads r; name is for messages, and remedy for those about the document.
func New(name, remedy string, r io.Reader) *Reader {
	x := &Reader{name: name, remedy: remedy, in: bounded{r: r, limit: MaxText, head: make([]byte, 0, headBytes)}}
	x.sax = gosax.NewReaderSize(&x.in, bufBytes)
	return x
}

// Offset is how many bytes of the document were read.
func (x *Reader) Offset() int64 { return x.at }

// Errorf is an error at the place that was read last.
func (x *Reader) Errorf(format string, args ...any) error {
	return x.fail(fmt.Errorf(format, args...))
}

// Wrong is an error at the place that was read last, of what a well-formed
// document says: it does not end the document. See Leave.
func (x *Reader) Wrong(format string, args ...any) error {
	err := x.Errorf(format, args...)
	x.err = nil
	return err
}

// Broken reports whether nothing more can be read, as against what is Wrong.
func (x *Reader) Broken() bool { return x.err != nil }

// Place is what a message begins with that is about where the reader is, and
// not about the document.
func (x *Reader) Place() string { return fmt.Sprintf("%s: at byte %d", x.name, x.at) }

// Depth is how many elements are open.
func (x *Reader) Depth() int { return len(x.ends) }

// Leave reads on to the end of the element at a depth, if it is open yet.
func (x *Reader) Leave(depth int) error {
	for len(x.ends) >= depth {
		if _, err := x.Child(); err != nil {
			return err
		}
	}
	return nil
}

// fail gives an error its place, unless it comes from the stream below, which
// knows better, and makes it the end of the document.
func (x *Reader) fail(err error) error {
	if x.err != nil {
		return x.err
	}
	if _, ok := errors.AsType[*contentmodel.InputError](err); ok {
		x.err = err
		return err
	}
	x.err = &contentmodel.InputError{Name: x.name, Err: fmt.Errorf("at byte %d: %w", x.at, err), Remedy: x.remedy}
	return x.err
}

// next reads one event.
func (x *Reader) next() (uint8, error) {
	if x.err != nil {
		return 0, x.err
	}
	e, err := x.sax.Event()
	x.in.since = 0
	if err != nil {
		if err == io.EOF { // inside a tag
			err = io.ErrUnexpectedEOF
		}
		return 0, x.fail(err)
	}
	x.event = e
	x.at += int64(len(e.Bytes))
	if x.recording {
		if x.record = append(x.record, e.Bytes...); len(x.record) > MaxRecord {
			return 0, x.Errorf("an element is longer than %d bytes", MaxRecord)
		}
	}
	// The parser takes <!--> and <?> for whole, when its buffer happens to end inside them.
	const comment, instruction = "<!---->", "<??>"
	switch e.Type() {
	case gosax.EventDocType:
		// One that only names a DTD, as that of every comps does, defines nothing here, for nobody fetches it.
		if len(x.ends) > 0 || !bytes.HasPrefix(e.Bytes, []byte("<!DOCTYPE ")) || bytes.IndexByte(e.Bytes, '[') >= 0 {
			return 0, x.Errorf("has a DOCTYPE that is no mere name, which is refused")
		}
	case gosax.EventComment:
		if len(e.Bytes) < len(comment) || e.Bytes[3] != '-' {
			return 0, x.Errorf("has a broken comment: %s", lines.Quote(e.Bytes))
		}
	case gosax.EventProcessingInstruction:
		if len(e.Bytes) < len(instruction) {
			return 0, x.Errorf("has a broken instruction: %s", lines.Quote(e.Bytes))
		}
	}
	return e.Type(), nil
}

// Root reads up to the first element, which must have the name.
func (x *Reader) Root(name string) error {
	for first := true; ; first = false {
		kind, err := x.next()
		if err != nil {
			return x.foreign(err)
		}
		switch kind {
		case gosax.EventStart:
			got, err := x.open()
			if err == nil && string(got) != name {
				err = x.foreign(x.Errorf("begins with <%s> and not with <%s>", got, name))
			}
			return err
		case gosax.EventText:
			text := x.event.Bytes
			if first {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			if len(bytes.TrimSpace(text)) > 0 {
				return x.foreign(x.Errorf("begins with text: %s", lines.Quote(text)))
			}
		case gosax.EventEnd, gosax.EventCData:
			return x.Errorf("begins with %s", lines.Quote(x.event.Bytes))
		case gosax.EventEOF:
			return x.Errorf("is empty: %w", io.ErrUnexpectedEOF)
		}
	}
}

// foreign says what a document seems to be that is not the one it should be.
func (x *Reader) foreign(err error) error {
	in, ok := errors.AsType[*contentmodel.InputError](err)
	if !ok || in.Name != x.name || len(x.ends) > 1 {
		return err
	}
	what, remedy := lines.Seems(bytes.TrimPrefix(x.in.head, []byte("\ufeff")))
	if what == "" || strings.HasSuffix(what, "XML document") {
		return err
	}
	in.Err = fmt.Errorf("%w: the input seems to be %s", in.Err, what)
	if remedy != "" {
		in.Remedy = remedy
	}
	return err
}

// open takes the start tag that was just read, and gives the element's name.
func (x *Reader) open() ([]byte, error) {
	tag := x.event.Bytes[1 : len(x.event.Bytes)-1]
	x.empty = len(tag) > 0 && tag[len(tag)-1] == '/'
	if x.empty {
		tag = tag[:len(tag)-1]
	}
	n := 0
	for n < len(tag) && !space[tag[n]] {
		n++
	}
	if n == 0 {
		return nil, x.Errorf("has a tag without a name")
	}
	if len(x.ends) == maxDepth {
		return nil, x.Errorf("more than %d elements are inside each other", maxDepth)
	}
	x.attrs = tag[n:]
	x.stack = append(x.stack, tag[:n]...)
	x.ends = append(x.ends, len(x.stack))
	return local(tag[:n]), nil
}

// top is the name of the innermost element.
func (x *Reader) top() []byte {
	n := len(x.ends) - 1
	from := 0
	if n > 0 {
		from = x.ends[n-1]
	}
	return x.stack[from:x.ends[n]]
}

// close takes the end tag that was just read.
func (x *Reader) close() error {
	name := x.event.Bytes[2 : len(x.event.Bytes)-1]
	if len(x.ends) == 0 {
		return x.Errorf("</%s> ends nothing", lines.Quote(name))
	}
	if top := x.top(); !bytes.Equal(name, top) && !bytes.Equal(bytes.TrimRight(name, " \t\r\n"), top) {
		return x.Errorf("<%s> ends with </%s>", top, name)
	}
	x.pop()
	return nil
}

func (x *Reader) pop() {
	x.ends = x.ends[:len(x.ends)-1]
	n := 0
	if len(x.ends) > 0 {
		n = x.ends[len(x.ends)-1]
	}
	x.stack = x.stack[:n]
	x.empty = false
}

// Child reads on to the next element inside the one that is open and opens it,
// or closes that one: then the name is nil. Text between is passed over.
func (x *Reader) Child() ([]byte, error) {
	if x.empty {
		x.pop()
		return nil, nil
	}
	for {
		kind, err := x.next()
		if err != nil {
			return nil, err
		}
		switch kind {
		case gosax.EventStart:
			return x.open()
		case gosax.EventEnd:
			return nil, x.close()
		case gosax.EventEOF:
			return nil, x.cut()
		}
	}
}

func (x *Reader) cut() error {
	return x.Errorf("ends inside <%s>: %w", x.top(), io.ErrUnexpectedEOF)
}

// Skip reads on to the end of the element that is open.
func (x *Reader) Skip() error { return x.Leave(len(x.ends)) }

// Text reads on to the end of the element that is open and gives its text. An
// element inside it is an error.
func (x *Reader) Text() ([]byte, error) {
	x.text = x.text[:0]
	if x.empty {
		x.pop()
		return x.text, nil
	}
	for {
		kind, err := x.next()
		if err != nil {
			return nil, err
		}
		switch kind {
		case gosax.EventText:
			x.text, err = unescape(x.text, x.event.Bytes, newlines)
		case gosax.EventCData:
			x.text, err = cdata(x.text, x.event.Bytes)
		case gosax.EventEnd:
			return x.text, x.close()
		case gosax.EventStart:
			name, _ := x.open()
			err = fmt.Errorf("<%s> is inside the text of another element", name)
		case gosax.EventEOF:
			return nil, x.cut()
		}
		if err == nil && len(x.text) > MaxText {
			err = fmt.Errorf("a text is longer than %d bytes", MaxText)
		}
		if err != nil {
			return nil, x.bad(err)
		}
	}
}

// bad is err, unless the document was cut in the middle of what is wrong.
func (x *Reader) bad(err error) error {
	at := x.at
	kind, _ := x.next()
	if kind == gosax.EventEOF {
		return x.cut()
	}
	x.at = at
	return x.fail(err)
}

// Record begins to keep the document as it stands there, from the tag of the
// element that was just opened on.
func (x *Reader) Record() {
	x.recording = true
	x.record = append(x.record[:0], x.event.Bytes...)
}

// Recorded ends that, and gives what was kept. It is valid until the next
// Record.
func (x *Reader) Recorded() []byte {
	x.recording = false
	return x.record
}

// End reads on to the end of the document, behind its root. Nothing but
// comments and space may come there.
func (x *Reader) End() error {
	for {
		kind, err := x.next()
		switch {
		case err != nil:
			return err
		case kind == gosax.EventEOF:
			return nil
		case kind == gosax.EventComment || kind == gosax.EventProcessingInstruction:
		case kind != gosax.EventText || len(bytes.TrimSpace(x.event.Bytes)) > 0:
			return x.Errorf("has something behind its end: %s", lines.Quote(x.event.Bytes))
		}
	}
}
