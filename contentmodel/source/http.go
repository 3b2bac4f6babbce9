package source

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/syncmem/syncmem/contentmodel/internal/web"
)

// Redact is an address as it may be shown: without a password, and without
// what its query says, which may be a key. A path stays as it is.
func Redact(address string) string { return web.Redact(address) }

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
	w := &web.Watched{Timeout: opt.StallTimeout, Least: opt.LeastRate, Cancel: s.cancel}
	res, err := s.ask(client, req, w, opt)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone {
		return remedy(web.NotFound(web.Status(res)), "check the address")
	}
	if res.StatusCode != http.StatusOK {
		return remedy(fmt.Errorf("server answered %s", web.Status(res)), "check the address")
	}
	w.R = res.Body
	s.raw.r = w
	return nil
}

// ask sends the request, again where the server says that it can't answer just
// now: after one second, and then twice as long each time.
func (s *Stream) ask(client *http.Client, req *http.Request, w *web.Watched, opt Options) (*http.Response, error) {
	for try := 0; ; try++ {
		// The stall clock also covers the wait for the answer's header; connecting
		// has its own limits, which come on top.
		w.Start(opt.ConnectTimeout + opt.StallTimeout)
		res, err := client.Do(req)
		w.Stop()
		if err != nil {
			return nil, remedy(web.Cause(err), "check the address and the network, then run again")
		}
		s.body, s.total = res.Body, res.ContentLength
		if !web.Busy(res.StatusCode) || try == maxRetries {
			if res.Request != nil { // a transport of the caller's may leave it out
				s.name += web.Redirected(req.URL, res.Request.URL)
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

// ErrNotFound is the cause of the error where a server says that there is no
// such file. A path that leads nowhere is fs.ErrNotExist.
var ErrNotFound = web.ErrNotFound

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
