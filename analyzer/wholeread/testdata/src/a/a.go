package a

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"helpers"
	"io"
	. "io"
	"io/fs"
	ioutil2 "io/ioutil"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

type Unit struct{ Name, Body string }

func parse(b []byte) []*Unit { return nil }

func body(resp *http.Response, out chan<- *Unit) error {
	b, err := io.ReadAll(resp.Body) // want `memvet/wholeread: io.ReadAll holds a whole stream .* \(first stage: body reads a stream and sends to a channel\)`
	if err != nil {
		return err
	}
	for _, u := range parse(b) {
		out <- u
	}
	return nil
}

//memvet:firststage
func oldName(r io.Reader) { b, _ := ioutil2.ReadAll(r); use(b) } // want `wholeread`

//memvet:firststage
func dotImport(r Reader) { b, _ := ReadAll(r); use(b) } // want `wholeread`

//memvet:firststage
func methodValue(r io.Reader) {
	read := io.ReadAll
	b, _ := read(r) // want `wholeread`
	use(b)
}

//memvet:firststage
func buffer(r io.Reader) {
	var b bytes.Buffer
	b.ReadFrom(r) // want `wholeread`
	use(b.Bytes())
}

//memvet:firststage
func builder(r io.Reader) {
	var b strings.Builder
	io.Copy(&b, r) // want `wholeread: io.Copy into a buffer`
	use([]byte(b.String()))
}

//memvet:firststage
func throughWriter(r io.Reader) {
	var b bytes.Buffer
	helpers.CopyTo(&b, r) // want `helpers.CopyTo > io.Copy`
	use(b.Bytes())
}

//memvet:firststage
func toFile(r io.Reader, f *os.File) { helpers.CopyTo(f, r); io.Copy(f, r); io.Copy(io.Discard, r) }

//memvet:firststage
func decompressed(resp *http.Response) {
	z, _ := gzip.NewReader(resp.Body)
	b, _ := io.ReadAll(z) // want `wholeread`
	use(b)
}

//memvet:firststage
func table(r io.Reader) {
	rows, _ := csv.NewReader(r).ReadAll() // want `wholeread`
	use([]byte(rows[0][0]))
}

//memvet:firststage
func oneHop(r io.Reader) { b, _ := helpers.Slurp(r); use(b) } // want `helpers.Slurp > io.ReadAll.*first stage: oneHop marked .*; it is reached from twoHops, too`

//memvet:firststage
func twoHops(r io.Reader) { b, _ := helpers.Slurp2(r); use(b) } // the same read

//memvet:firststage
func laterDeclared(r io.Reader) { b, _ := helpers.Later(r); use(b) } // want `helpers.Later > helpers.later > io.ReadAll`

//memvet:firststage
func fetched() { b, _ := helpers.Fetch("https://example.org"); use(b) } // want `helpers.Fetch > io.ReadAll`

type source struct{}

func (source) Sync(r io.Reader) error { // the directive is on the interface's method
	b, err := io.ReadAll(r) // want `first stage: source.Sync implements .*Source.*Sync`
	use(b)
	return err
}

func sequence(r io.Reader) iter.Seq[*Unit] {
	return func(yield func(*Unit) bool) {
		b, _ := io.ReadAll(r) // want `returns an iterator over its units`
		for _, u := range parse(b) {
			yield(u)
		}
	}
}

//memvet:firststage
func tooLarge(r io.Reader) { b, _ := io.ReadAll(io.LimitReader(r, 1<<40)); use(b) } // want `wholeread`

//memvet:firststage
func wrongReader(r, s io.Reader) {
	_ = io.LimitReader(s, 10)
	b, _ := io.ReadAll(r) // want `wholeread`
	use(b)
}

// From here on nothing is to be said.

//memvet:firststage
func bounds(r io.Reader, resp *http.Response, n int64) {
	b, _ := io.ReadAll(io.LimitReader(r, n))
	use(b)
	b, _ = io.ReadAll(&io.LimitedReader{R: r, N: 100})
	use(b)
	b, _ = io.ReadAll(http.MaxBytesReader(nil, resp.Body, 1000))
	use(b)
	b, _ = io.ReadAll(helpers.Limited(r, 1000))
	use(b)
	b, _ = io.ReadAll(helpers.Safe(r))
	use(b)
	b, _ = io.ReadAll(helpers.NewCapped(r))
	use(b)
	b, _ = io.ReadAll(&helpers.Meter{r})
	use(b)
	b, _ = io.ReadAll(strings.NewReader("in memory"))
	use(b)
	b, _ = io.ReadAll(ring(b))
	use(b)
	z, _ := gzip.NewReader(io.LimitReader(r, 1000))
	b, _ = io.ReadAll(z)
	use(b)
}

//memvet:firststage
func reassigned(r io.Reader) {
	r = io.LimitReader(r, 1000)
	b, _ := io.ReadAll(r)
	use(b)
}

//memvet:firststage
func checked(resp *http.Response) error {
	if resp.ContentLength > 1<<20 {
		return errors.New("too large")
	}
	b, err := io.ReadAll(resp.Body)
	use(b)
	return err
}

//memvet:firststage
func walk(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		b, err := os.ReadFile(path)
		use(b)
		return err
	})
}

//memvet:firststage
func walkHelper(root string) error {
	return helpers.EachFile(root, func(r io.Reader, path string) error {
		b, err := io.ReadAll(r)
		use(b)
		return err
	})
}

//memvet:firststage
func errorBody(resp *http.Response) error {
	if resp.StatusCode != 200 {
		b, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("status %d: %s", resp.StatusCode, b)
	}
	return nil
}

//memvet:firststage
func configFile() { b, _ := os.ReadFile("/etc/sync/config.yaml"); use(b) }

//memvet:notfirststage it serves the page to people
func notStage(r io.Reader, out chan<- *Unit) {
	b, _ := io.ReadAll(r)
	for _, u := range parse(b) {
		out <- u
	}
}

func ordinary(r io.Reader) int { b, _ := io.ReadAll(r); return len(b) }

//memvet:firststage
func ignored(r io.Reader) {
	//memvet:ignore wholeread the server caps this answer at 64 KiB
	b, _ := io.ReadAll(r)
	use(b)
}

func use([]byte) {}

func ring(b []byte) io.Reader { return bytes.NewReader(b) }

// What a request to this server carries is bounded in its middleware.
//
//memvet:firststage
func handler(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	use(b)
	f, _, _ := r.FormFile("upload")
	b, _ = io.ReadAll(f)
	use(b)
}
