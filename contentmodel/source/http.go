package source

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// errStall and errSlow are the causes with which a stream is cancelled.
var (
	errStall = errors.New("server sent nothing")
	errSlow  = errors.New("server is too slow")
)

// Redact is an address as it may be shown: without a password, and without
// what its query says, which may be a key. A path stays as it is.
func Redact(address string) string {
	u, err := url.Parse(address)
	if err != nil { // it may still hold what looks like one
		scheme, rest, ok := strings.Cut(address, "://")
		if i := strings.LastIndexByte(rest, '@'); ok && i >= 0 {
			return scheme + "://xxxxx" + rest[i:]
		}
		return address
	}
	if u.Host == "" {
		return address
	}
	if u.RawQuery != "" {
		u.RawQuery = "xxxxx"
	}
	return u.Redacted()
}

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
	w := &watched{timeout: opt.StallTimeout, least: opt.LeastRate, cancel: s.cancel}
	res, err := s.ask(client, req, w, opt)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone {
		return remedy(notFound(status(res)), "check the address")
	}
	if res.StatusCode != http.StatusOK {
		return remedy(fmt.Errorf("server answered %s", status(res)), "check the address")
	}
	w.r = res.Body
	s.raw.r = w
	return nil
}

// ask sends the request, again where the server says that it can't answer just
// now: after one second, and then twice as long each time.
func (s *Stream) ask(client *http.Client, req *http.Request, w *watched, opt Options) (*http.Response, error) {
	for try := 0; ; try++ {
		// The stall clock also covers the wait for the answer's header; connecting
		// has its own limits, which come on top.
		w.start(opt.ConnectTimeout + opt.StallTimeout)
		res, err := client.Do(req)
		w.stop()
		if err != nil {
			return nil, remedy(urlCause(err), "check the address and the network, then run again")
		}
		s.body, s.total = res.Body, res.ContentLength
		if !busy(res.StatusCode) || try == maxRetries {
			if res.Request != nil { // a transport of the caller's may leave it out
				s.name += redirected(req.URL, res.Request.URL)
			}
			return res, nil
		}
		_ = res.Body.Close()
		select {
		case <-time.After(time.Second << try):
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
	}
}

// maxRetries is how often a busy server is asked again.
const maxRetries = 3

// busy are the answers that another try may change.
func busy(code int) bool {
	switch code {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return true
	}
	return false
}

// status is the server's own words, without what a terminal would act on.
func status(res *http.Response) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, res.Status)
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

// watched ends the stream when one read takes longer than the timeout, or when
// reads that took as long together brought too little. Only the wait inside
// Read counts, so a slow consumer is not taken for a stall.
type watched struct {
	r       io.Reader
	timeout time.Duration
	least   int64 // bytes a second
	cancel  func(error)
	timer   *time.Timer

	waited time.Duration // in reads, since it was judged
	got    int64         // bytes in that time
}

func (w *watched) start(d time.Duration) {
	if w.timer == nil {
		w.timer = time.AfterFunc(d, func() { w.cancel(fmt.Errorf("%w for %v", errStall, w.timeout)) })
		return
	}
	w.timer.Reset(d)
}

func (w *watched) stop() { w.timer.Stop() }

func (w *watched) Read(p []byte) (int, error) {
	w.start(w.timeout)
	begin := time.Now()
	n, err := w.r.Read(p)
	w.stop()
	w.waited += time.Since(begin)
	w.got += int64(n)
	if w.waited >= w.timeout {
		if err == nil && float64(w.got) < float64(w.least)*w.waited.Seconds() {
			w.cancel(fmt.Errorf("%w: %d bytes in %v, the least is %d a second", errSlow, w.got, w.waited.Round(time.Second), w.least))
		}
		w.waited, w.got = 0, 0
	}
	return n, err
}
