package artifact_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
)

// TestBusy: a server that asks for patience gets it.
func TestBusy(t *testing.T) {
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		var first, second time.Time
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if first.IsZero() {
				first = time.Now()
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(code)
				return
			}
			second = time.Now()
			whole(w, r)
		})
		u := downloader(t, artifact.Options{}, s.URL)
		res, err := u.Fetch(t.Context(), one)
		require.NoError(t, err)
		require.Equal(t, 1, res.Retries)
		require.GreaterOrEqual(t, second.Sub(first), time.Second)
		u.has(t, content)
	}
}

// TestUnsafe: no request is sent for a name that may lead elsewhere.
func TestUnsafe(t *testing.T) {
	s := serve(t, whole)
	u := downloader(t, artifact.Options{}, s.URL+"/root", t.TempDir())
	for _, path := range []string{
		"../x", "a/../../x", "/etc/passwd", `a\..\..\x`, "a\x00b", "a\nb", "%2e%2e/x", "a/%2E%2e%2fx", "%252e%252e/x", "..%5cx", "%2fetc/passwd", "", ".", "a/", "//",
		"ftp://example.org/x", "gopher://x/y", "file:///etc/passwd", "javascript://x", "http:///x", "://x", "http://[::1/x",
	} {
		_, err := u.fails(t, contentmodel.Artifact{Path: path, Size: -1})
		require.ErrorIs(t, err, artifact.ErrUnsafe, path)
	}
	require.Zero(t, s.requests.Load())
	_, err := u.Fetch(t.Context(), contentmodel.Artifact{Path: ".//a/./..b/c..%41", Size: -1})
	require.NoError(t, err, "odd, but safe")
}

func TestRedirects(t *testing.T) {
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) })
	u := downloader(t, artifact.Options{}, loop.URL)
	_, err := u.fails(t, contentmodel.Artifact{Path: "x", Size: 1})
	require.ErrorContains(t, err, "redirects in a loop; name the server that has the files as a mirror")
	require.EqualValues(t, 1, loop.requests.Load())

	n := 0
	far := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, fmt.Sprint("/", n), http.StatusFound)
	})
	_, err = downloader(t, artifact.Options{}, far.URL).fails(t, one)
	require.ErrorContains(t, err, "redirects more than 10 times")

	odd := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	_, err = downloader(t, artifact.Options{}, odd.URL).fails(t, one)
	require.ErrorContains(t, err, `redirects to the scheme "file"`)

	good := serve(t, whole)
	from := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, good.URL+r.URL.Path, http.StatusFound)
	})
	u = downloader(t, artifact.Options{}, from.URL)
	_, err = u.Fetch(t.Context(), one)
	require.NoError(t, err)
	u.has(t, content)
}

// serveTLS is a server with a certificate that the CA file vouches for.
func serveTLS(t testing.TB, conf *tls.Config, h http.HandlerFunc) (s *httptest.Server, caFile string) {
	s = httptest.NewUnstartedServer(h)
	s.TLS = conf
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	return s, caFile
}

func TestTLS(t *testing.T) {
	plain := serve(t, whole)
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "down") {
			http.Redirect(w, r, plain.URL, http.StatusFound)
			return
		}
		whole(w, r)
	})
	_, err := downloader(t, artifact.Options{Retries: -1}, s.URL).fails(t, one)
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	for _, o := range []artifact.Options{{CAFile: ca}, {Insecure: true}} {
		u := downloader(t, o, s.URL)
		_, err := u.fails(t, contentmodel.Artifact{Path: "down", Size: one.Size, Sum: one.Sum})
		require.ErrorContains(t, err, "redirects from https to http")
		require.Zero(t, plain.requests.Load())
		_, err = u.Fetch(t.Context(), one)
		require.NoError(t, err)
		u.has(t, content)
	}
}

// TestClientCertificate: the mirror sees it, and another server that it redirects to does not.
func TestClientCertificate(t *testing.T) {
	seen := func(r *http.Request) int { return len(r.TLS.PeerCertificates) }
	var elsewhere atomic.Int64
	ask := &tls.Config{ClientAuth: tls.RequestClientCert}
	other, ca := serveTLS(t, ask.Clone(), func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(int64(seen(r)))
		whole(w, r)
	})
	s, _ := serveTLS(t, ask.Clone(), func(w http.ResponseWriter, r *http.Request) {
		if seen(r) != 1 {
			t.Error("the mirror saw no certificate")
		}
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	key := s.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(key.PrivateKey)
	require.NoError(t, err)
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	u := downloader(t, artifact.Options{CAFile: ca, CertFile: ca, KeyFile: keyFile}, s.URL)
	_, err = u.Fetch(t.Context(), one)
	require.NoError(t, err)
	require.Zero(t, elsewhere.Load())
}

// TestCredentials: they go to their server alone, and stand in no error.
func TestCredentials(t *testing.T) {
	const user, secret = "somebody", "hunter2+/%"
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || strings.Contains(r.Header.Get("Referer"), "hunter2") {
			t.Errorf("another server got %v", r.Header)
		}
		http.NotFound(w, r)
	})
	var redirect atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		u, p, ok := r.BasicAuth()
		if (!ok || u != user || p != secret) && r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("the mirror got %q %q", u, p)
		}
		if redirect.Load() {
			http.Redirect(w, r, other.URL+"/x?key=hunter2", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	inURL := strings.Replace(s.URL, "://", "://somebody:hunter2+%2F%25@", 1)
	for _, m := range []artifact.Mirror{{Location: s.URL, Username: user, Password: secret}, {Location: s.URL, Token: secret}, {Location: inURL}} {
		for _, to := range []bool{false, true} {
			redirect.Store(to)
			u := downloader(t, artifact.Options{Mirrors: []artifact.Mirror{m, {Location: other.URL}}})
			for _, path := range []string{"x", inURL + "/x?key=hunter2", other.URL + "/y?key=hunter2"} {
				_, err := u.fails(t, contentmodel.Artifact{Path: path, Size: 1})
				require.NotContains(t, fmt.Sprintf("%v %+v", err, err), "hunter2")
				if !to && path == "x" {
					require.ErrorContains(t, err, "access denied: server answered 403 Forbidden")
				}
			}
		}
	}
	for _, location := range []string{"http://u:hunter2@[::1/", "ftp://u:hunter2@x/", "http://u:hunter2@/x", "http://u:hunter2@h/#hunter2", ""} {
		f := open(t, t.TempDir())
		_, err := artifact.New(artifact.Options{Folder: f, Mirrors: []artifact.Mirror{{Location: location}}})
		require.ErrorContains(t, err, "artifact: mirror 1 of 1: ")
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := artifact.New(artifact.Options{Folder: open(t, t.TempDir()), Proxy: "http://u:hunter2@[::1/"})
	require.ErrorContains(t, err, "proxy: want a URL")
	require.NotContains(t, err.Error(), "hunter2")
}

// TestProxy: requests go through it.
func TestProxy(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "mirror.invalid" {
			t.Errorf("the proxy was asked for %s", r.URL)
		}
		whole(w, r)
	})
	f := open(t, t.TempDir())
	d, err := artifact.New(artifact.Options{Folder: f, Proxy: p.URL, Mirrors: []artifact.Mirror{{Location: "http://mirror.invalid/"}}})
	require.NoError(t, err)
	defer d.Close()
	_, err = d.Fetch(t.Context(), one)
	require.NoError(t, err)
}

func TestNewRefuses(t *testing.T) {
	_, err := artifact.New(artifact.Options{})
	require.ErrorContains(t, err, "Options.Folder is needed")
	f := open(t, t.TempDir())
	empty := filepath.Join(t.TempDir(), "x")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, o := range map[string]artifact.Options{
		"CA file: open /nowhere":            {CAFile: "/nowhere"},
		"has no certificate":                {CAFile: empty},
		"client certificate: open /nowhere": {CertFile: "/nowhere", KeyFile: "/nowhere"},
	} {
		o.Folder = f
		_, err := artifact.New(o)
		require.ErrorContains(t, err, want)
	}
}

// TestSlowAlone: one download that does not end holds up no other.
func TestSlowAlone(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/slow") {
			w.(http.Flusher).Flush()
			<-release
		}
		_, _ = fmt.Fprint(w, r.URL.Path)
	})
	u := downloader(t, artifact.Options{}, s.URL)
	var all sync.WaitGroup
	fetch := func(path string) {
		text := []byte("/" + path)
		if _, err := u.Fetch(t.Context(), contentmodel.Artifact{Path: path, Size: int64(len(text)), Sum: sumOf(text)}); err != nil {
			t.Error(err)
		}
	}
	all.Go(func() { fetch("slow") })
	var others sync.WaitGroup
	for i := range 50 {
		others.Go(func() { fetch(fmt.Sprint("fast", i)) })
	}
	others.Wait()
	close(release)
	all.Wait()
	require.Len(t, files(t, u.dir), 51)
}

// TestSameFetchedAtOnce: several fetch one artifact, and each has it.
func TestSameFetchedAtOnce(t *testing.T) {
	u := downloader(t, artifact.Options{}, serve(t, whole).URL)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := u.Fetch(t.Context(), one); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	u.has(t, bytes.Clone(content))
}
