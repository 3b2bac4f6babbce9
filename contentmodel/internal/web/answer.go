// Package web has what package source and package artifact both need of HTTP: what an answer means, how it may be shown, and when a
// server is given up.
package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
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

// Busy are the answers that another try may change.
func Busy(code int) bool {
	switch code {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return true
	}
	return false
}

// Status is the server's own words, as Printable has them.
func Status(res *http.Response) string { return Printable(res.Status) }

// Printable is a text without what a terminal would act on.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// ErrNotFound is the cause of the error where a server says that there is no
// such file. A path that leads nowhere is fs.ErrNotExist.
var ErrNotFound = errors.New("not found")

// NotFound is what a server said, and ErrNotFound.
type NotFound string

func (n NotFound) Error() string { return "server answered " + string(n) }
func (n NotFound) Unwrap() error { return ErrNotFound }

// Redirected tells where an address led, for messages: a login page is hard to
// explain without. A query may hold a key, so it is left out.
func Redirected(from, to *url.URL) string {
	if to.Host == from.Host && to.Path == from.Path {
		return ""
	}
	return fmt.Sprintf(" (redirected to %s)", (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String())
}

// Cause strips method and URL from a client's error; our message has them.
func Cause(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
