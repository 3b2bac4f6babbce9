package artifact

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Mirror is a place that has the artifacts of a repository.
type Mirror struct {
	// Location is the root of the repository: a path, or an http, https or file URL. A query, which may be a key, is sent
	// with each path, and not shown.
	Location string
	// Username and Password, or Token, a bearer token, are sent to the server of Location and to no other: not to one that it
	// redirects to, nor with http to one of https. They may also stand in the URL.
	Username, Password, Token string
}

// site is a mirror, ready for use.
type site struct {
	url    *url.URL // without credentials; nil for a folder
	dir    string
	client *http.Client
}

// newSite makes a site. No error repeats what may hold a password.
func newSite(m Mirror, t transports) (*site, error) {
	if !strings.Contains(m.Location, "://") {
		return localSite(m.Location)
	}
	u, err := url.Parse(m.Location)
	switch {
	case err != nil:
		return nil, errors.New("its URL can't be read")
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"):
		return localSite(u.Path)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the scheme %q is none of http, https and file", u.Scheme)
	case u.Host == "":
		return nil, errors.New("the URL has no host")
	case u.Fragment != "":
		return nil, errors.New("the root of a repository has no fragment")
	}
	password, _ := u.User.Password()
	m.Username, m.Password = cmp.Or(m.Username, u.User.Username()), cmp.Or(m.Password, password)
	u.User = nil
	return &site{url: u, client: newClient(&signed{origin(u), m, t})}, nil
}

func localSite(dir string) (*site, error) {
	if dir == "" {
		return nil, errors.New("it has no location")
	}
	dir, err := filepath.Abs(dir)
	return &site{dir: dir}, err
}

// origin is the server that a URL means: scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

// transports are how servers are talked to: with the client certificate, or without.
type transports struct{ own, others *http.Transport }

// signed adds credentials to what is sent to their server. The client knows nothing of them, so it can't take them elsewhere when
// it follows a redirect.
type signed struct {
	origin string
	by     Mirror
	transports
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	if origin(req.URL) != s.origin {
		return s.others.RoundTrip(req)
	}
	if s.by.Token != "" || s.by.Username != "" || s.by.Password != "" {
		req = req.Clone(req.Context())
		if s.by.Token != "" {
			req.Header.Set("Authorization", "Bearer "+s.by.Token)
		} else {
			req.SetBasicAuth(s.by.Username, s.by.Password)
		}
	}
	return s.own.RoundTrip(req)
}

// newTransports makes them. HTTP/1.1 it is: HTTP/2 would hold up to 4 MiB a download that nobody counts, and have all downloads
// from a server wait for one lost packet.
func newTransports(o Options) (transports, error) {
	conf, err := tlsConfig(o)
	if err != nil {
		return transports{}, err
	}
	proxy, err := proxyFunc(o.Proxy)
	if err != nil {
		return transports{}, err
	}
	only1 := new(http.Protocols)
	only1.SetHTTP1(true)
	others := &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{Timeout: o.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:   o.ConnectTimeout,
		ResponseHeaderTimeout: o.HeaderTimeout,
		TLSClientConfig:       conf,
		Protocols:             only1,
		DisableCompression:    true, // the bytes as they are stored
		MaxIdleConnsPerHost:   16,

		MaxResponseHeaderBytes: 64 << 10,
		IdleConnTimeout:        o.StallTimeout,
	}
	own := others.Clone()
	if o.CertFile != "" || o.KeyFile != "" {
		cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return transports{}, fmt.Errorf("client certificate: %w", err)
		}
		own.TLSClientConfig.Certificates = []tls.Certificate{cert}
	}
	return transports{own, others}, nil
}

func tlsConfig(o Options) (*tls.Config, error) {
	conf := &tls.Config{InsecureSkipVerify: o.Insecure}
	if o.CAFile == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file: %s has no certificate", o.CAFile)
	}
	conf.RootCAs = pool
	return conf, nil
}

// NoProxy as [Options.Proxy] talks to servers directly, whatever the environment says.
const NoProxy = "none"

func proxyFunc(proxy string) (func(*http.Request) (*url.URL, error), error) {
	switch proxy {
	case "":
		return http.ProxyFromEnvironment, nil
	case NoProxy:
		return nil, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: want a URL such as http://proxy.example.org:3128") // theirs may have a password
	}
	return http.ProxyURL(u), nil
}

// refusal is why a redirect is not followed.
type refusal string

func (r refusal) Error() string { return "redirects " + string(r) }

const (
	errDowngrade refusal = "from https to http, where anybody on the way could change the bytes"
	errLoop      refusal = "in a loop"
	errMany      refusal = "more than 10 times"
)

func newClient(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		req.Header.Del("Referer") // it has the query, which may be a key
		for _, v := range via {
			if v.URL.String() == req.URL.String() {
				return errLoop
			}
		}
		switch {
		case len(via) > 10:
			return errMany
		case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http":
			return errDowngrade
		case req.URL.Scheme != "http" && req.URL.Scheme != "https":
			return refusal(fmt.Sprintf("to the scheme %q", req.URL.Scheme))
		}
		return nil
	}}
}
