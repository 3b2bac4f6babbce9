package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/syncmem/syncmem/contentmodel/internal/web"
)

// errDenied says that a server wants other credentials.
var errDenied = errors.New("access denied")

// remote is an artifact at a server, over several tries.
type remote struct {
	*fetch
	place
	validator string // of what was written so far: a strong ETag, or when it was modified; empty if the server gave neither
	resumed   bool   // what was written is from several answers
}

// try asks once, for what is missing.
func (r *remote) try(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	watch := &web.Watched{Timeout: r.opt.StallTimeout, Least: r.opt.LeastRate, Cancel: cancel}
	req, err := r.request(ctx)
	if err != nil {
		return err
	}
	watch.Start(r.opt.ConnectTimeout + r.opt.HeaderTimeout)
	res, err := r.site.client.Do(req)
	watch.Stop()
	if err != nil {
		return r.refused(ctx, err)
	}
	defer res.Body.Close() // an answer that is not read to its end costs its connection
	if err := r.answered(res); err != nil {
		return err
	}
	watch.R = res.Body
	if err := r.copy(ctx, watch); err != nil {
		return err
	}
	return r.verified()
}

// request asks for the rest, if the server can tell whether it is the rest of the same.
func (r *remote) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return nil, backoff.Permanent(web.Cause(err))
	}
	req.Header.Set("User-Agent", "syncmem")
	if r.to.Len() > 0 && r.validator == "" {
		return req, r.anew()
	}
	if r.to.Len() > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", r.to.Len()))
		req.Header.Set("If-Range", r.validator)
	}
	return req, nil
}

// anew forgets what was written.
func (r *remote) anew() error {
	r.resumed = false
	if err := r.to.Reset(); err != nil {
		return backoff.Permanent(err)
	}
	return nil
}

// refused is why there was no answer. A redirect that was refused stays so.
func (r *remote) refused(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	err = web.Cause(err)
	if no, ok := errors.AsType[refusal](err); ok {
		return backoff.Permanent(no)
	}
	return err
}

// answered looks at the head of an answer.
func (r *remote) answered(res *http.Response) error {
	switch code := res.StatusCode; {
	case code == http.StatusOK:
		if err := r.anew(); err != nil {
			return err
		}
	case code == http.StatusPartialContent:
		if err := r.continued(res); err != nil {
			return err
		}
	case code == http.StatusRequestedRangeNotSatisfiable && r.to.Len() > 0:
		return errors.Join(r.anew(), errors.New("server has no rest to send"))
	case code == http.StatusNotFound || code == http.StatusGone:
		return backoff.Permanent(web.NotFound(web.Status(res)))
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		return backoff.Permanent(fmt.Errorf("%w: server answered %s", errDenied, web.Status(res)))
	case web.Busy(code):
		return busy(res, r.opt.MaxWait)
	default:
		return backoff.Permanent(fmt.Errorf("server answered %s", web.Status(res)))
	}
	r.validator = validator(res, r.a.Sum != "")
	return r.announced(res.ContentLength)
}

// errAnnounced is an ErrSize of a body that was not read.
var errAnnounced = fmt.Errorf("%w", ErrSize)

// announced refuses an artifact before a byte of it is read, if the server says that it has another size.
func (r *remote) announced(rest int64) error {
	total := r.to.Len() + rest
	switch {
	case rest < 0:
		return nil
	case r.a.Size >= 0 && total != r.a.Size:
		return backoff.Permanent(fmt.Errorf("%w: server says that it has %d bytes and not %d", errAnnounced, total, r.a.Size))
	case r.a.Size < 0 && total > r.opt.MaxSize:
		return backoff.Permanent(errPast)
	}
	return nil
}

// continued checks that an answer is the rest that was asked for.
func (r *remote) continued(res *http.Response) error {
	begins := fmt.Sprintf("bytes %d-", r.to.Len())
	if r.to.Len() > 0 && strings.HasPrefix(res.Header.Get("Content-Range"), begins) {
		r.resumed = true
		return nil
	}
	return errors.Join(r.anew(), errors.New("server sent a part that was not asked for"))
}

// verified commits. Bytes of several answers may not belong together, so they are fetched once more as one.
func (r *remote) verified() error {
	err := r.commit()
	switch {
	case errors.Is(err, ErrSize): // it ended early, without a word
		return err
	case errors.Is(err, ErrDigest) && r.resumed:
		return errors.Join(r.anew(), err)
	case err != nil:
		return backoff.Permanent(err)
	}
	return nil
}

// validator is what tells the same file from another. A weak ETag can't; a date can't within its second, which is enough where
// a checksum has the last word.
func validator(res *http.Response, verified bool) string {
	if tag := res.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	if verified {
		return res.Header.Get("Last-Modified")
	}
	return ""
}

// busyError is an answer that may be another one later.
type busyError struct {
	status string
	after  time.Duration // 0: the server does not say
}

func (b busyError) Error() string { return "server answered " + b.status }

// Unwrap has the wait be as long as the server asks for.
func (b busyError) Unwrap() error {
	if b.after == 0 {
		return nil
	}
	return &backoff.RetryAfterError{Duration: b.after}
}

func busy(res *http.Response, most time.Duration) error {
	after := time.Duration(0)
	text := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		after = time.Duration(min(max(0, seconds), int64(most/time.Second)+1)) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = time.Until(at)
	}
	return busyError{web.Status(res), max(0, min(after, most))}
}
