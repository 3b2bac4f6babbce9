package source

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// errStall is the cause with which a stalled stream is cancelled.
var errStall = errors.New("server sent nothing")

func (s *Stream) openURL(u *url.URL, opt Options) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "syncmem")
	if opt.Accept != "" {
		req.Header.Set("Accept", opt.Accept)
	}
	client := opt.Client
	if client == nil {
		client = newClient(opt)
		s.idle = client.CloseIdleConnections
	}
	// The stall clock also covers the wait for the answer's header; connecting
	// has its own limits, which come on top.
	w := &watched{timeout: opt.StallTimeout, cancel: func() {
		s.cancel(fmt.Errorf("%w for %v", errStall, opt.StallTimeout))
	}}
	w.start(opt.ConnectTimeout + opt.StallTimeout)
	res, err := client.Do(req)
	w.stop()
	if err != nil {
		return remedy(urlCause(err), "check the address and the network, then run again")
	}
	s.body, s.total = res.Body, res.ContentLength
	if res.Request != nil { // a transport of the caller's may leave it out
		s.name += redirected(u, res.Request.URL)
	}
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone {
		return remedy(notFound(res.Status), "check the address")
	}
	if res.StatusCode != http.StatusOK {
		return remedy(fmt.Errorf("server answered %s", res.Status), "check the address")
	}
	w.r = res.Body
	s.raw.r = w
	return nil
}

// ErrNotFound is the cause of the error where a server says that there is no
// such file. A path that leads nowhere is fs.ErrNotExist.
var ErrNotFound = errors.New("not found")

// notFound is what a server said, and ErrNotFound.
type notFound string

func (n notFound) Error() string { return "server answered " + string(n) }
func (n notFound) Unwrap() error { return ErrNotFound }

// redirected tells where an address led, for messages: a login page is hard to
// explain without. A query may hold a key, so it is left out.
func redirected(from, to *url.URL) string {
	if to.Host == from.Host && to.Path == from.Path {
		return ""
	}
	return fmt.Sprintf(" (redirected to %s)", (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String())
}

// newClient is a client of its own for one stream, so that its connections end
// with it. It asks for the bytes as they are stored: with the transport's own
// gzip the length is unknown and a truncated body looks like a whole one.
func newClient(opt Options) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: opt.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:   opt.ConnectTimeout,
		ResponseHeaderTimeout: opt.StallTimeout,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
	}}
}

// urlCause strips method and URL from a client's error; our message has them.
func urlCause(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// watched ends the stream when one read takes longer than the timeout. Only
// the wait inside Read counts, so a slow consumer is not taken for a stall.
type watched struct {
	r       io.Reader
	timeout time.Duration
	cancel  func()
	timer   *time.Timer
}

func (w *watched) start(d time.Duration) {
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.cancel)
		return
	}
	w.timer.Reset(d)
}

func (w *watched) stop() { w.timer.Stop() }

func (w *watched) Read(p []byte) (int, error) {
	w.start(w.timeout)
	defer w.stop()
	return w.r.Read(p)
}
