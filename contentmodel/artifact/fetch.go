package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/web"
)

const (
	bytesAtOnce   = 64 << 10
	bytesInMemory = bytesAtOnce + 64<<10 // and the buffers of a connection, with TLS
)

// fetch is one artifact on its way.
type fetch struct {
	*Downloader
	a      contentmodel.Artifact
	to     *Writer
	buffer []byte
	res    Result
	advice string
}

// there reports whether the artifact is in the folder already.
func (f *fetch) there() (bool, error) {
	has, err := f.opt.Folder.Has(f.a.Sum, f.a.Size)
	if err != nil || !has {
		return false, err
	}
	size, err := f.opt.Folder.size(f.a.Sum)
	f.res.Sum, f.res.Bytes, f.res.Kept = f.a.Sum, size, true
	return true, err
}

// run tries the places in turn. Bytes that were wrong may have been so by chance, on their way or in the middle of an update:
// where nobody has better ones, whoever sent them is asked again.
func (f *fetch) run(ctx context.Context, places []place) error {
	by := f.pauses()
	wrong, err := f.round(ctx, places)
	for range f.opt.Retries {
		if len(wrong) == 0 {
			break
		}
		if err := pause(ctx, by.NextBackOff()); err != nil {
			return err
		}
		f.res.Retries += len(wrong)
		wrong, err = f.round(ctx, wrong)
	}
	return err
}

// pauses are the waits before retries.
func (f *fetch) pauses() *backoff.ExponentialBackOff {
	by := backoff.NewExponentialBackOff()
	by.InitialInterval, by.MaxInterval, by.Multiplier = f.opt.Pause, f.opt.MaxWait, 2
	return by
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// isWrong reports whether the bytes were, or how many a server said there are, after everything else went well.
func isWrong(err error) bool { return errors.Is(err, ErrDigest) || errors.Is(err, errAnnounced) }

// round tries the places in turn, and returns those whose bytes were wrong if there was no other.
func (f *fetch) round(ctx context.Context, places []place) (wrong []place, _ error) {
	var all failures
	for _, p := range places {
		if err := f.to.Reset(); err != nil {
			return nil, err
		}
		before := f.res.Retries
		err := f.from(ctx, p)
		if err == nil {
			f.res.Mirror = p.name()
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if l, ok := errors.AsType[local](err); ok {
			return nil, l
		}
		if p.url != nil && isWrong(err) {
			wrong = append(wrong, p)
		}
		if n := f.res.Retries - before; n > 0 {
			err = fmt.Errorf("%w (after %d retries)", err, n)
		}
		all = append(all, fmt.Errorf("%s: %w", p.name(), err))
	}
	f.advice = all.advice()
	return wrong, all
}

// from fetches from one place, again and again while that may help.
func (f *fetch) from(ctx context.Context, p place) error {
	if p.url == nil {
		return f.copyLocal(ctx, p)
	}
	r := &remote{fetch: f, place: p}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, r.try(ctx) },
		backoff.WithBackOff(f.pauses()), backoff.WithMaxTries(uint(f.opt.Retries)+1), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { f.res.Retries++ }))
	if p, ok := errors.AsType[*backoff.PermanentError](err); ok {
		return p.Err
	}
	return err
}

func (f *fetch) copyLocal(ctx context.Context, p place) error {
	in, err := openLocal(p.dir, p.path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := f.copy(ctx, in); err != nil {
		return err
	}
	return f.commit()
}

// errPast is about more bytes than an artifact may have whose size nobody said.
var errPast = fmt.Errorf("%w: has more bytes than MaxSize allows", ErrSize)

// copy writes what comes, and stops at the first byte too many.
func (f *fetch) copy(ctx context.Context, in io.Reader) error {
	for {
		n, err := in.Read(f.buffer)
		if f.a.Size < 0 && f.to.Len()+int64(n) > f.opt.MaxSize {
			return backoff.Permanent(errPast)
		}
		if _, err := f.to.Write(f.buffer[:n]); err != nil {
			return backoff.Permanent(err)
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if why := context.Cause(ctx); why != nil {
				return why
			}
			return cause(web.Cause(err))
		}
	}
}

func (f *fetch) commit() error {
	n := f.to.Len()
	sum, err := f.to.Commit()
	if err == nil {
		f.res.Sum, f.res.Bytes = sum, n
	}
	return err
}

// failures are what went wrong, one for each place.
type failures []error

func (f failures) Error() string {
	var all []string
	for _, err := range f {
		all = append(all, err.Error())
	}
	return "can't be fetched: " + strings.Join(all, "; ")
}

func (f failures) Unwrap() []error { return f }

// advice goes by what went wrong last: the first places are often closer but less complete.
func (f failures) advice() string {
	last := f[len(f)-1]
	_, isRefusal := errors.AsType[refusal](last)
	switch {
	case errors.Is(last, ErrNotFound):
		return "the metadata may be older than the mirror: read it again; if it stays, name another mirror"
	case errors.Is(last, ErrDigest), errors.Is(last, ErrSize):
		return "the server may be in the middle of an update: run again; if it stays, the repository is broken"
	case errors.Is(last, errDenied):
		return "check the credentials of the mirror"
	case isRefusal:
		return "name the server that has the files as a mirror"
	}
	return "check the mirror and the network, then run again: what is there already stays"
}

// failure names the artifact.
func failure(a contentmodel.Artifact, err error, advice string) error {
	if err == nil {
		return nil
	}
	return &contentmodel.InputError{Name: shown(a.Path), Err: err, Remedy: advice}
}

// shown is the path of an artifact in messages: on one line, and if it is a URL without credentials and query.
func shown(path string) string {
	if before, rest, ok := strings.Cut(path, "://"); ok {
		rest, _, _ = strings.Cut(rest, "?")
		host, file, _ := strings.Cut(rest, "/")
		path = before + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + file
	}
	return cmp.Or(web.Printable(path), `""`)
}
