package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/source"
)

// serve answers every request with h until the test ends.
func serve(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestHTTP(t *testing.T) {
	packed := compress(t, "gzip", text)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("asked the server to compress")
		}
		if r.Header.Get("Accept") != "text/x" {
			t.Error("did not ask for the form")
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
		_, _ = w.Write(packed)
	})
	s, err := source.Open(t.Context(), strings.Replace(url, "://", "://user:secret@", 1)+"/Packages.gz", source.Options{Accept: "text/x"})
	require.NoError(t, err)
	defer s.Close()
	require.NotContains(t, s.Name(), "secret")
	got, err := io.ReadAll(s)
	require.NoError(t, err)
	require.Equal(t, len(text), len(got))
	n, total := s.Progress()
	require.EqualValues(t, len(packed), n)
	require.EqualValues(t, len(packed), total)
}

func TestHTTPFails(t *testing.T) {
	fail := func(h http.HandlerFunc) error {
		url := serve(t, h)
		_, err := read(t.Context(), url+"/x", source.Options{StallTimeout: 200 * time.Millisecond})
		require.ErrorContains(t, err, url+"/x: ")
		require.NotContains(t, err.Error(), "\n")
		return err
	}
	t.Run("not found", func(t *testing.T) {
		require.ErrorContains(t, fail(http.NotFound), "server answered 404 Not Found; check the address")
	})
	t.Run("short body", func(t *testing.T) {
		err := fail(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("some lines\n"))
		})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorContains(t, err, "ends after 11 bytes")
	})
	t.Run("broken chunks", func(t *testing.T) {
		err := fail(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("some lines\n"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
	t.Run("stalled body", func(t *testing.T) {
		err := fail(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat("some lines\n", 10)))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		require.ErrorContains(t, err, "server sent nothing for 200ms; check the server")
	})
	t.Run("stalled header", func(t *testing.T) {
		err := fail(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		require.ErrorContains(t, err, "timeout")
	})
}

func TestHTTPRefused(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := source.Open(t.Context(), s.URL, source.Options{})
	require.ErrorContains(t, err, s.URL)
	require.ErrorContains(t, err, "refused")
	require.Equal(t, 1, strings.Count(err.Error(), s.URL), "the address once: %v", err)
}

// TestHTTPCancel ends a read that waits, at once.
func TestHTTPCancel(t *testing.T) {
	reached := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("some lines\n"))
		w.(http.Flusher).Flush()
		close(reached)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, err := read(ctx, url, source.Options{}) // would stall for a minute
	require.ErrorIs(t, err, context.Canceled)
}

// transport answers with the text, out of memory.
type transport struct{}

func (transport) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// TestSlowReader: a consumer that takes its time is no stall. The clock is not the real one, on which a machine with
// much to do stalls, too.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := source.Open(t.Context(), "http://example.org/x",
			source.Options{StallTimeout: 50 * time.Millisecond, Client: &http.Client{Transport: transport{}}})
		require.NoError(t, err)
		defer s.Close()
		one := make([]byte, 1)
		for range 3 {
			time.Sleep(time.Second)
			_, err = io.ReadFull(s, one)
			require.NoError(t, err)
		}
		got, err := io.ReadAll(s)
		require.NoError(t, err)
		require.Equal(t, len(text)-3, len(got))
	})
}

// TestHTTPRedirect: what is wrong with a page is easier to see with its own address, without what may be secret in it.
func TestHTTPRedirect(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			_, _ = w.Write([]byte("<html>"))
		case "/cdn/m":
			http.Redirect(w, r, "/cdn/m?key=secret", http.StatusFound)
		default:
			http.Redirect(w, r, "/login?back=secret", http.StatusFound)
		}
	})
	s, err := source.Open(t.Context(), url+"/m", source.Options{})
	require.NoError(t, err)
	require.Equal(t, url+"/m (redirected to "+url+"/login)", s.Name())
	require.NoError(t, s.Close())
	_, err = source.Open(t.Context(), url+"/cdn/m", source.Options{}) // for ever
	require.ErrorContains(t, err, "stopped after 10 redirects")
}

// stallAfter sends s and then nothing, until the client goes.
func stallAfter(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(s))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// answers is a transport that gives one answer after the other, the last for ever.
type answers struct {
	codes []int
	body  func() io.ReadCloser
	asked int
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	code := a.codes[min(a.asked, len(a.codes)-1)]
	a.asked++
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code, " no\x1b[31m"), ContentLength: -1, Body: a.body()}, nil
}

// TestRetry: a busy server is asked again, not for ever, and its words can't reach the terminal.
func TestRetry(t *testing.T) {
	for _, c := range []struct {
		codes []int
		asked int
		waits time.Duration
		err   string
	}{
		{[]int{200}, 1, 0, ""},
		{[]int{503, 500, 429, 200}, 4, 7 * time.Second, ""},
		{[]int{503}, 4, 7 * time.Second, "x?xxxxx: server answered 503 no?[31m; check the address"},
		{[]int{403}, 1, 0, "server answered 403 no?[31m"},
		{[]int{502, 404}, 2, time.Second, "server answered 404 no?[31m"},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{codes: c.codes, body: func() io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }}
			begin := time.Now()
			_, err := read(t.Context(), "http://example.org/x?key=secret", source.Options{Client: &http.Client{Transport: a}})
			require.Equal(t, c.waits, time.Since(begin))
			require.Equal(t, c.asked, a.asked)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			require.NotContains(t, err.Error(), "secret")
			require.Equal(t, strings.Contains(c.err, "404"), errors.Is(err, source.ErrNotFound))
		})
	}
	synctest.Test(t, func(t *testing.T) { // the wait ends with the context
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		a := &answers{codes: []int{503}, body: func() io.ReadCloser { return http.NoBody }}
		_, err := read(ctx, "http://example.org/x", source.Options{Client: &http.Client{Transport: a}})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 2, a.asked)
	})
}

// drip gives one byte after each wait.
type drip time.Duration

func (d drip) Read(p []byte) (int, error) {
	time.Sleep(time.Duration(d))
	p[0] = 'x'
	return 1, nil
}

func (drip) Close() error { return nil }

// TestSlowServer: a server that sends a byte now and then, so that it never stalls, is ended; one as slow as is allowed is not.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: &answers{codes: []int{200}, body: func() io.ReadCloser { return drip(time.Second) }}}
		_, err := read(t.Context(), "http://example.org/x", source.Options{Client: client})
		require.ErrorContains(t, err, "http://example.org/x: server is too slow: 60 bytes in 1m0s, the least is 1024 a second; check the server")
		s, err := source.Open(t.Context(), "http://example.org/x", source.Options{Client: client, LeastRate: 1})
		require.NoError(t, err)
		defer s.Close()
		_, err = io.ReadFull(s, make([]byte, 1000))
		require.NoError(t, err)
	})
}

func TestFileURL(t *testing.T) {
	path := write(t, "x", text)
	for _, at := range []string{"file://" + path, "file://localhost" + path} {
		s, err := source.Open(t.Context(), at, source.Options{})
		require.NoError(t, err)
		require.Equal(t, path, s.Name())
		require.NoError(t, s.Close())
	}
	_, err := source.Open(t.Context(), "file://host"+path, source.Options{})
	require.ErrorContains(t, err, "unsupported scheme file")
}
