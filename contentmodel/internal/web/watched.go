package web

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrStall and ErrSlow are the causes with which a stream is cancelled.
var (
	ErrStall = errors.New("server sent nothing")
	ErrSlow  = errors.New("server is too slow")
)

// Watched ends the stream when one read takes longer than the timeout, or when
// reads that took as long together brought too little. Only the wait inside
// Read counts, so a slow consumer is not taken for a stall.
type Watched struct {
	R       io.Reader
	Timeout time.Duration
	Least   int64 // bytes a second
	Cancel  func(error)

	timer *time.Timer

	waited time.Duration // in reads, since it was judged
	got    int64         // bytes in that time
}

// Start has the server be given up after d, unless Stop is called before.
func (w *Watched) Start(d time.Duration) {
	if w.timer == nil {
		w.timer = time.AfterFunc(d, func() { w.Cancel(fmt.Errorf("%w for %v", ErrStall, w.Timeout)) })
		return
	}
	w.timer.Reset(d)
}

// Stop is the end of a wait.
func (w *Watched) Stop() { w.timer.Stop() }

// Read reads from R.
func (w *Watched) Read(p []byte) (int, error) {
	w.Start(w.Timeout)
	begin := time.Now()
	n, err := w.R.Read(p)
	w.Stop()
	w.waited += time.Since(begin)
	w.got += int64(n)
	if w.waited >= w.Timeout {
		if err == nil && float64(w.got) < float64(w.Least)*w.waited.Seconds() {
			w.Cancel(fmt.Errorf("%w: %d bytes in %v, the least is %d a second", ErrSlow, w.got, w.waited.Round(time.Second), w.Least))
		}
		w.waited, w.got = 0, 0
	}
	return n, err
}
