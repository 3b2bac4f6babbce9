package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"time"
)

// handler answers with the files of a folder, and does to each answer what is to be done.
func (s *server) handler(files fs.FS) http.Handler {
	well := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, request: r, fault: s.pick(s.requests.Add(1)), bandwidth: s.bandwidth}
		defer func() {
			if !s.quiet {
				fmt.Fprintf(&stderr, "%s %s %d, %d B%s\n", r.Method, r.URL.Path, a.status, a.sent, a.said())
			}
		}()
		if !a.wait(s.delay) {
			return
		}
		a.began = time.Now()
		if a.fault == faultBusy || a.fault == faultDown {
			w.Header().Set("Retry-After", strconv.Itoa(int(s.retryAfter.Seconds())))
			code, _ := strconv.Atoi(a.fault)
			http.Error(a, http.StatusText(code), code)
			return
		}
		well.ServeHTTP(a, r)
	})
}

// answer is one answer on its way, and what goes wrong with it.
type answer struct {
	http.ResponseWriter
	request   *http.Request
	fault     string
	bandwidth int64 // bytes a second; 0 for no bound
	began     time.Time

	status int
	length int64 // of the body, as far as the header says; 0 for unknown
	sent   int64 // bytes of the body
}

// said is what a log says of the fault.
func (a *answer) said() string {
	if a.fault == "" {
		return ""
	}
	return " (" + a.fault + ")"
}

// wait reports whether the client is still there after that time.
func (a *answer) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-a.request.Context().Done():
		return false
	}
}

// WriteHeader notes how long the body is to be, and says half of it where nobody is to notice the cut.
func (a *answer) WriteHeader(code int) {
	a.status = code
	a.length, _ = strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64)
	if a.fault == faultTruncate && a.length > 0 {
		a.Header().Set("Content-Length", strconv.FormatInt(a.length/2, 10))
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write sends a piece of the body, no faster than it may, and lets happen in the middle what is to happen.
func (a *answer) Write(p []byte) (n int, err error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	for n < len(p) {
		piece := p[n:]
		if a.bandwidth > 0 {
			piece = piece[:min(len(piece), max(1, int(a.bandwidth/20)))] // a twentieth of a second
		}
		if err := a.piece(piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// piece sends one piece. The server's own buffers would even out the pace, so it is flushed.
func (a *answer) piece(p []byte) error {
	half, from := a.length/2, a.sent
	if at := half - from; a.fault != "" && at >= 0 && at < int64(len(p)) {
		switch a.fault {
		case faultTruncate:
			if err := a.send(p[:at]); err != nil {
				return err
			}
			return http.ErrContentLength
		case faultReset, faultStall:
			if err := a.send(p[:at]); err != nil {
				return err
			}
			_ = http.NewResponseController(a.ResponseWriter).Flush()
			if a.fault == faultStall {
				<-a.request.Context().Done()
			}
			panic(http.ErrAbortHandler) // the server closes the connection, and logs nothing
		case faultCorrupt:
			p = append([]byte(nil), p...)
			p[at] ^= 1
		}
	}
	if err := a.send(p); err != nil {
		return err
	}
	if a.bandwidth == 0 {
		return nil
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	due := time.Duration(float64(a.sent) / float64(a.bandwidth) * float64(time.Second))
	if !a.wait(due - time.Since(a.began)) {
		return a.request.Context().Err()
	}
	return nil
}

func (a *answer) send(p []byte) error {
	n, err := a.ResponseWriter.Write(p)
	a.sent += int64(n)
	return err
}
