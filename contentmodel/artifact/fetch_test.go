package artifact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
)

// content are 300 kB that no compression shortens.
var content = func() []byte {
	b := make([]byte, 300_000)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}()

// one is the artifact that most tests fetch.
var one = contentmodel.Artifact{Path: "pool/a b/x%2b.deb", Size: int64(len(content)), Sum: sumOf(content)}

// served counts requests, and is a server until the test ends.
type served struct {
	*httptest.Server
	requests atomic.Int64
}

func serve(t testing.TB, h http.HandlerFunc) *served {
	s := new(served)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func whole(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }

// under is a downloader over a folder of its own, whose account must be empty at the end.
type under struct {
	*artifact.Downloader
	dir    string
	folder *artifact.Folder
	peak   atomic.Int64
}

func downloader(t testing.TB, o artifact.Options, mirrors ...string) *under {
	u := &under{dir: t.TempDir()}
	return u.over(t, o, mirrors...)
}

func (u *under) over(t testing.TB, o artifact.Options, mirrors ...string) *under {
	u.folder = open(t, u.dir)
	for _, m := range mirrors {
		o.Mirrors = append(o.Mirrors, artifact.Mirror{Location: m})
	}
	o.Folder, o.Proxy = u.folder, artifact.NoProxy
	if o.Pause == 0 {
		o.Pause = time.Millisecond
	}
	var used atomic.Int64
	o.Charge = func(n int64) func() {
		u.peak.Store(max(u.peak.Load(), used.Add(n)))
		return func() { used.Add(-n) }
	}
	d, err := artifact.New(o)
	require.NoError(t, err)
	u.Downloader = d
	t.Cleanup(func() {
		d.Close()
		require.Zero(t, used.Load(), "bytes accounted at the end")
	})
	return u
}

// fails fetches, and checks that nothing is left of it and that the error names the artifact.
func (u *under) fails(t testing.TB, a contentmodel.Artifact) (artifact.Result, error) {
	t.Helper()
	res, err := u.Fetch(t.Context(), a)
	require.Error(t, err)
	in, ok := errors.AsType[*contentmodel.InputError](err)
	require.True(t, ok, err)
	require.NotEmpty(t, in.Name)
	require.NotContains(t, err.Error(), "\n")
	require.Empty(t, files(t, u.dir))
	return res, err
}

func (u *under) has(t testing.TB, want []byte) {
	t.Helper()
	got, err := os.ReadFile(u.folder.Path(sumOf(want)))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	require.Len(t, files(t, u.dir), 1)
}

func TestFetch(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/repo/pool/a b/x%2b.deb" || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("asked for %s, %v", r.URL, r.Header)
		}
		whole(w, r)
	})
	u := downloader(t, artifact.Options{}, s.URL+"/repo/")
	res, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, artifact.Result{Sum: one.Sum, Bytes: one.Size, Mirror: s.URL + "/repo/pool/a%20b/x%252b.deb"}, res)
	u.has(t, content)
	require.EqualValues(t, 128<<10, u.peak.Load())

	res, err = u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, artifact.Result{Sum: one.Sum, Bytes: one.Size, Kept: true}, res)
	require.EqualValues(t, 1, s.requests.Load())
}

// TestFetchUnknown: neither size nor checksum are known.
func TestFetchUnknown(t *testing.T) {
	s := serve(t, whole)
	u := downloader(t, artifact.Options{}, s.URL)
	res, err := u.Fetch(t.Context(), contentmodel.Artifact{Path: "x", Size: -1})
	require.NoError(t, err)
	require.Equal(t, one.Sum, res.Sum)
	require.Equal(t, one.Size, res.Bytes)
	u.has(t, content)

	u = downloader(t, artifact.Options{MaxSize: one.Size - 1}, s.URL)
	_, err = u.fails(t, contentmodel.Artifact{Path: "x", Size: -1})
	require.ErrorIs(t, err, artifact.ErrSize)
	require.ErrorContains(t, err, "has more bytes than MaxSize allows")
}

func TestFetchLocal(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "pool", "a b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "pool", "a b", "x%2b.deb"), content, 0o600))
	for _, m := range []string{root, "file://" + root} {
		u := downloader(t, artifact.Options{}, m)
		res, err := u.Fetch(t.Context(), one)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(root, "pool", "a b", "x%2b.deb"), res.Mirror)
		u.has(t, content)
	}
	u := downloader(t, artifact.Options{}, root)
	_, err := u.fails(t, contentmodel.Artifact{Path: "pool/y", Size: 1})
	require.ErrorIs(t, err, artifact.ErrNotFound)
	_, err = u.fails(t, contentmodel.Artifact{Path: "pool", Size: 1})
	require.ErrorContains(t, err, "is no regular file")
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(root, "out")))
	_, err = u.fails(t, contentmodel.Artifact{Path: "out", Size: -1})
	require.ErrorContains(t, err, "path escapes")
	_, err = u.fails(t, contentmodel.Artifact{Path: "file:///etc/passwd", Size: -1})
	require.ErrorIs(t, err, artifact.ErrUnsafe)
	_, err = u.Fetch(t.Context(), contentmodel.Artifact{Path: "file://" + root + "/pool/a b/x%252b.deb", Size: one.Size, Sum: one.Sum})
	require.NoError(t, err)
}

// TestMirrors: the next one is asked at once where another try can't help.
func TestMirrors(t *testing.T) {
	good := serve(t, whole)
	for name, h := range map[string]http.HandlerFunc{
		"not found": http.NotFound,
		"denied":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"digest": func(w http.ResponseWriter, _ *http.Request) {
			b := bytes.Clone(content)
			b[7]++
			_, _ = w.Write(b)
		},
		"longer": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush() // no length
			_, _ = w.Write(content)
			_, _ = w.Write([]byte("x"))
		},
		"other size": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "299999")
			_, _ = w.Write(content[1:])
		},
	} {
		bad := serve(t, h)
		u := downloader(t, artifact.Options{}, bad.URL, good.URL)
		res, err := u.Fetch(t.Context(), one)
		require.NoError(t, err, name)
		require.Contains(t, res.Mirror, good.URL, name)
		require.Zero(t, res.Retries, name)
		require.EqualValues(t, 1, bad.requests.Load(), name)
		u.has(t, content)
	}
}

// TestErrors: each mirror is named, with what went wrong there, and then what to do.
func TestErrors(t *testing.T) {
	absent := serve(t, http.NotFound)
	broken := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	u := downloader(t, artifact.Options{Retries: 2}, broken.URL, absent.URL)
	res, err := u.fails(t, contentmodel.Artifact{Path: "a/b.deb", Size: 1})
	require.EqualError(t, err, "a/b.deb: can't be fetched: "+broken.URL+"/a/b.deb: server answered 502 Bad Gateway (after 2 retries); "+
		absent.URL+"/a/b.deb: server answered 404 Not Found; the metadata may be older than the mirror: read it again; if it stays, name another mirror")
	require.ErrorIs(t, err, artifact.ErrNotFound)
	require.Equal(t, 2, res.Retries)
	require.EqualValues(t, 3, broken.requests.Load())

	u = downloader(t, artifact.Options{Retries: -1}, broken.URL)
	_, err = u.fails(t, one)
	require.ErrorContains(t, err, "check the mirror and the network")
	gone := serve(t, whole)
	gone.Close()
	_, err = downloader(t, artifact.Options{Retries: 1}, gone.URL).fails(t, one)
	require.ErrorContains(t, err, "connection refused (after 1 retries)")
	_, err = downloader(t, artifact.Options{}).fails(t, one)
	require.ErrorContains(t, err, "there is no mirror to fetch it from")
}

// TestEndless: a body that never ends is read to the declared size and not on.
func TestEndless(t *testing.T) {
	var sent atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		b := make([]byte, 32<<10)
		for {
			n, err := w.Write(b)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	u := downloader(t, artifact.Options{MaxSize: 1 << 20}, s.URL)
	for _, a := range []contentmodel.Artifact{one, {Path: "x", Size: -1}} {
		_, err := u.fails(t, a)
		require.ErrorIs(t, err, artifact.ErrSize)
	}
	s.Close() // waits for the handlers
	require.Less(t, sent.Load(), int64(64<<20), "bytes, most of them in the system's buffers")
}

// short serves the first n bytes of what is asked for, n once for each request, then the whole.
func short(etag string, ranges *[]string, cuts ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*ranges = append(*ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", etag)
		if len(cuts) == 0 {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
			return
		}
		cut := &cutWriter{w, cuts[0]}
		cuts = cuts[1:]
		http.ServeContent(cut, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	n, _ := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// TestResume: what is there is not fetched again.
func TestResume(t *testing.T) {
	var ranges []string
	u := downloader(t, artifact.Options{}, serve(t, short(`"v1"`, &ranges, 100_000, 50_000)).URL)
	res, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=100000-", "bytes=150000-"}, ranges)
	require.Equal(t, 2, res.Retries)
	u.has(t, content)
}

// TestResumeUnknownSize: the size comes from the server, and so does how much is missing.
func TestResumeUnknownSize(t *testing.T) {
	var ranges []string
	u := downloader(t, artifact.Options{}, serve(t, short(`"v1"`, &ranges, 100_000)).URL)
	_, err := u.Fetch(t.Context(), contentmodel.Artifact{Path: "x", Size: -1, Sum: one.Sum})
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=100000-"}, ranges)
	u.has(t, content)
}

// TestNoResume: without a strong ETag it is fetched anew, and so it is when the file has changed.
func TestNoResume(t *testing.T) {
	var ranges []string
	u := downloader(t, artifact.Options{}, serve(t, short(`W/"v1"`, &ranges, 100_000)).URL)
	_, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, []string{"", ""}, ranges)
	u.has(t, content)

	tries := 0
	u = downloader(t, artifact.Options{}, serve(t, func(w http.ResponseWriter, r *http.Request) {
		var none []string
		if tries++; tries == 1 {
			short(`"v1"`, &none, 100_000)(w, r)
			return
		}
		require.Equal(t, `"v1"`, r.Header.Get("If-Range"))
		short(`"v2"`, &none)(w, r)
	}).URL)
	_, err = u.Fetch(t.Context(), one)
	require.NoError(t, err)
	u.has(t, content)
}

// TestResumeByDate: only where a checksum has the last word.
func TestResumeByDate(t *testing.T) {
	for _, sum := range []contentmodel.Checksum{one.Sum, ""} {
		var ranges []string
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if ranges = append(ranges, r.Header.Get("Range")); len(ranges) == 1 {
				w = &cutWriter{w, 1000}
			}
			http.ServeContent(w, r, "", time.Unix(1_700_000_000, 0), bytes.NewReader(content))
		})
		u := downloader(t, artifact.Options{}, s.URL)
		_, err := u.Fetch(t.Context(), contentmodel.Artifact{Path: "x", Size: one.Size, Sum: sum})
		require.NoError(t, err)
		require.Equal(t, sum != "", ranges[1] == "bytes=1000-", ranges)
		u.has(t, content)
	}
}

// TestReplaces: a file of another size that has the name is no artifact, whoever put it there.
func TestReplaces(t *testing.T) {
	u := downloader(t, artifact.Options{}, serve(t, whole).URL)
	to := u.folder.Path(one.Sum)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
	require.NoError(t, os.WriteFile(to, content[1:], 0o600))
	res, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.False(t, res.Kept)
	u.has(t, content)
}

// TestLongHeader: an answer's head is bounded, too.
func TestLongHeader(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X", string(bytes.Repeat([]byte("x"), 100_000)))
		whole(w, r)
	})
	_, err := downloader(t, artifact.Options{Retries: -1}, s.URL).fails(t, one)
	require.ErrorContains(t, err, "server response headers exceeded 65536 bytes")
}

// TestResumedWrong: a rest that does not belong to the beginning is fetched once more as one.
func TestResumedWrong(t *testing.T) {
	tries := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"same"`)
		switch tries++; tries {
		case 1:
			http.ServeContent(&cutWriter{w, 1000}, r, "", time.Time{}, bytes.NewReader(make([]byte, len(content))))
		default:
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}
	})
	u := downloader(t, artifact.Options{}, s.URL)
	res, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, 2, res.Retries)
	u.has(t, content)
}

// TestOddParts: a part that nobody asked for, and a server that has no rest.
func TestOddParts(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, n int){
		"unasked": func(w http.ResponseWriter, _ int) {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		},
		"other part": func(w http.ResponseWriter, n int) {
			w.Header().Set("ETag", `"x"`)
			if n == 1 {
				_, _ = (&cutWriter{w, 10}).Write(content)
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
		},
		"no rest": func(w http.ResponseWriter, n int) {
			w.Header().Set("ETag", `"x"`)
			if n == 1 {
				_, _ = (&cutWriter{w, 10}).Write(content)
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		},
	} {
		n := 0
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n++; n <= 2 {
				answer(w, n)
				return
			}
			if r.Header.Get("Range") != "" {
				t.Errorf("%s: asked for a part again", name)
			}
			whole(w, r)
		})
		u := downloader(t, artifact.Options{}, s.URL)
		_, err := u.Fetch(t.Context(), one)
		require.NoError(t, err, name)
		u.has(t, content)
	}
}

// TestShort: a body that ends too soon without a word is asked for again.
func TestShort(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // no length
		_, _ = w.Write(content[:1000])
	})
	u := downloader(t, artifact.Options{Retries: 2}, s.URL)
	_, err := u.fails(t, one)
	require.ErrorIs(t, err, artifact.ErrSize)
	require.ErrorContains(t, err, "has 1000 bytes and not 300000 (after 2 retries)")
	require.EqualValues(t, 3, s.requests.Load())
}

// TestStall: a server that sends nothing, before or after it began to, is given up and asked again.
func TestStall(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	u := downloader(t, artifact.Options{Retries: 1, StallTimeout: 50 * time.Millisecond}, serve(t, hang).URL)
	_, err := u.fails(t, one)
	require.ErrorContains(t, err, "server sent nothing for 50ms (after 1 retries)")

	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	u = downloader(t, artifact.Options{Retries: -1, HeaderTimeout: 50 * time.Millisecond}, serve(t, silent).URL)
	_, err = u.fails(t, one)
	require.ErrorContains(t, err, "timeout awaiting response headers")
}

// TestTrickle: a byte now and then is not enough.
func TestTrickle(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	u := downloader(t, artifact.Options{Retries: -1, StallTimeout: 100 * time.Millisecond, LeastRate: 100_000}, s.URL)
	_, err := u.fails(t, one)
	require.ErrorContains(t, err, "server is too slow")
}

// TestCancel: the end of the context ends it in the middle, with what the context says.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(content[:1000])
		w.(http.Flusher).Flush()
		cancel(enough)
		<-r.Context().Done()
	})
	u := downloader(t, artifact.Options{}, s.URL, s.URL)
	_, err := u.Fetch(ctx, one)
	require.ErrorIs(t, err, enough)
	require.ErrorContains(t, err, one.Path)
	require.EqualValues(t, 1, s.requests.Load())
	require.Empty(t, files(t, u.dir))
}

// TestWrongByChance: a bit that flipped on its way, or a length that was of the file before, is not the end.
func TestWrongByChance(t *testing.T) {
	for name, once := range map[string]http.HandlerFunc{
		"digest": func(w http.ResponseWriter, _ *http.Request) {
			b := bytes.Clone(content)
			b[7]++
			_, _ = w.Write(b)
		},
		"other size": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "299999")
			_, _ = w.Write(content[1:])
		},
	} {
		n := 0
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 1 {
				once(w, r)
				return
			}
			whole(w, r)
		})
		u := downloader(t, artifact.Options{}, s.URL)
		res, err := u.Fetch(t.Context(), one)
		require.NoError(t, err, name)
		require.Equal(t, 1, res.Retries, name)
		u.has(t, content)
	}
}

// TestQuery: a key in the mirror's URL goes with every file, and stands in no error.
func TestQuery(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "key=hush" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		whole(w, r)
	})
	u := downloader(t, artifact.Options{}, s.URL+"/repo/?key=hush")
	res, err := u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.NotContains(t, res.Mirror, "hush")
	u.has(t, content)

	u = downloader(t, artifact.Options{}, s.URL+"/repo/?key=hushed")
	_, err = u.Fetch(t.Context(), one)
	require.ErrorContains(t, err, "403")
	require.NotContains(t, err.Error(), "hush")
}
