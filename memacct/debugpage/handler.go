package debugpage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

//go:embed static
var static embed.FS

// Handler returns the handler of a budget's page, see the package documentation. It answers GET and HEAD only.
// It may be used from many goroutines at once. It panics if b is nil.
func Handler(b *memacct.Budget) http.Handler {
	if b == nil {
		panic("debugpage: Handler(nil): open the budget first, with memacct.New")
	}
	return &handler{budget: b, files: readFiles()}
}

// Mux is what the page can be mounted on: [http.ServeMux], and the routers of most frameworks.
type Mux interface {
	Handle(pattern string, handler http.Handler)
}

// Mount serves the page of b on mux at path, such as /debug/memacct, with a slash at its end and without: a mux takes
// these for two paths, and the one that was left out is a 404. A path may begin with a method or a host where mux
// knows such patterns. It panics as mux does, on a path that is taken, and if b is nil.
func Mount(mux Mux, path string, b *memacct.Budget) {
	h := Handler(b)
	path = strings.TrimRight(path, "/")
	if !strings.HasSuffix(path, " ") && path != "" {
		mux.Handle(path, h)
	}
	mux.Handle(path+"/", h)
}

type handler struct {
	budget *memacct.Budget
	files  map[string]file
}

// file is a part of the page. Files are chosen by the query and not by the path: a reference that is a query
// alone means the same wherever the page is mounted.
type file struct {
	name, etag string
	content    []byte
}

// readFiles reads what is embedded.
func readFiles() map[string]file {
	entries, err := static.ReadDir("static")
	if err != nil {
		panic(err) // it is compiled in
	}
	files := map[string]file{}
	for _, e := range entries {
		content, err := static.ReadFile(path.Join("static", e.Name()))
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		files[e.Name()] = file{e.Name(), `"` + hex.EncodeToString(sum[:8]) + `"`, content}
	}
	return files
}

// formats are what can be asked for, by media type.
var formats = []struct{ name, media string }{
	{"html", "text/html"},
	{"text", "text/plain"},
	{"json", "application/json"},
	{"report", ""},
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		notAllowed(w)
		return
	}
	query := r.URL.Query()
	if name := query.Get("file"); name != "" {
		h.serveFile(w, r, name)
		return
	}
	switch format := formatOf(query.Get("format"), r.Header.Get("Accept")); format {
	case "html":
		h.serveFile(w, r, "page.html")
	case "text":
		serve(w, "text/plain; charset=utf-8", []byte(h.snapshot().text()))
	case "report":
		serve(w, "text/plain; charset=utf-8", []byte(h.budget.Report()))
	case "json":
		text, err := json.MarshalIndent(h.snapshot(), "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		serve(w, "application/json", append(text, '\n'))
	default:
		http.Error(w, fmt.Sprintf("format=%q: use html, text, json or report", format), http.StatusBadRequest)
	}
}

// notAllowed answers what would change something.
func notAllowed(w http.ResponseWriter) {
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "only GET and HEAD: nothing can be changed here", http.StatusMethodNotAllowed)
}

// protect sets what keeps a browser from doing anything but showing the page: no script, style or request that
// is not the handler's own, no other site that frames it or reads from it, no guessing of types.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept")
}

// serve answers with figures, which are old in a second.
func serve(w http.ResponseWriter, media string, content []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(content) // a client that is gone needs no answer
}

// serveFile answers with a part of the page. A browser may keep it, but asks whether it is still the same.
func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := h.files[name]
	if !ok {
		http.Error(w, fmt.Sprintf("there is no file %q", name), http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", f.etag)
	if strings.HasSuffix(name, "LICENSE") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
}

// formatOf is the format that a client asked for, or else the first one in the order it accepts that there is:
// all browsers name text/html, curl and most scripts nothing in particular.
func formatOf(asked, accept string) string {
	if asked != "" {
		return asked
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, _, _ := strings.Cut(part, ";")
		for _, f := range formats {
			if f.media != "" && strings.EqualFold(strings.TrimSpace(media), f.media) {
				return f.name
			}
		}
	}
	return "text"
}
