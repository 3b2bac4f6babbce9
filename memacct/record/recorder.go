package record

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct"
)

// Options say how much is recorded. The zero value works.
type Options struct {
	// Size is the file's, in bytes: 512 KiB if it is 0, at least 128 KiB, at most 64 MiB. A sample of three
	// stages takes about 300 bytes, so that the default covers some 20 minutes.
	Size int64
	// Every is the time between samples, a second if it is 0. While the memory of the process rises fast there
	// are up to ten times as many.
	Every time.Duration
	// Logger is told of a record that is kept, and of a write that fails; nil is slog.Default().
	Logger *slog.Logger
}

// The defaults of Options, and how often at most a moving process is sampled.
const (
	defaultSize  = 512 * bytesize.KiB
	defaultEvery = time.Second
	minEvery     = time.Millisecond
	perEvery     = 10
)

// Recorder writes the record of one budget. All methods may be called from many goroutines, and do nothing on
// a nil Recorder.
type Recorder struct {
	budget  *memacct.Budget
	every   time.Duration
	log     *slog.Logger
	unwatch func()
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once

	mu      sync.Mutex // guards all below, and the order of what is written
	file    *os.File
	path    string
	id      int64
	events  ring
	samples ring
	frame   coder // being made; it, event and sample are kept so that a record allocates nothing
	event   Event
	sample  Sample
	broken  error // the first write that failed
	closed  bool

	lastAt   time.Time // of the last sample
	lastSize int64     // what was resident then, in bytes
}

// Open makes the file, in full, and records b in it until [Recorder.Close]. The record of an earlier process is
// replaced if that one closed it; if not, it is kept under the name path.1, where it takes the place of
// the one kept before it, and the logger is told. The error wraps [ErrInUse] when a live process writes
// to that file, [ErrNotRecord] when it is something else, which is then left alone, and what the system said
// when the disk is full or the folder is missing.
//
// The file can be read by its owner only. It has the name of the command, not its arguments.
func Open(path string, b *memacct.Budget, o Options) (*Recorder, error) {
	o.Size, o.Every = cmp.Or(o.Size, defaultSize), cmp.Or(o.Every, defaultEvery)
	switch {
	case b == nil:
		return nil, errors.New("record: there is no budget to record: open one with memacct.New")
	case o.Size < minSize || o.Size > maxSize:
		return nil, fmt.Errorf("record: a size of %s: want %s to %s", bytesize.Format(o.Size), bytesize.Format(minSize), bytesize.Format(maxSize))
	case o.Every < minEvery:
		return nil, fmt.Errorf("record: a sample every %v: want %v or more", o.Every, minEvery)
	}
	r := &Recorder{
		budget: b, every: o.Every, log: cmp.Or(o.Logger, slog.Default()), path: path,
		stop: make(chan struct{}), done: make(chan struct{}), frame: coder{buf: make([]byte, 0, maxFrame)},
	}
	h := newHeader(o)
	var err error
	if r.file, err = create(path, &h, r.log); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	r.id = h.ID
	r.events, r.samples = rings(h.Size)
	r.begin()
	return r, nil
}

// begin writes what is known already, and starts to watch. An event that happens meanwhile may be there twice,
// which is better than not at all.
func (r *Recorder) begin() {
	r.unwatch = r.budget.Watch(r.happened)
	for _, e := range r.budget.Events() {
		r.writeEvent(e)
	}
	r.take()
	go r.run()
}

// happened is called with every event, on the goroutine that caused it. The event is written first; the figures
// that go with it take longer, and many events in a row do with one sample.
func (r *Recorder) happened(e memacct.Event) {
	if due := r.writeEvent(e); due {
		r.take()
	}
}

func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(max(minEvery, r.every/perEvery))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.look()
		case <-r.stop:
			return
		}
	}
}

// look takes a sample if it is time for one, or if what is resident rose by a part of the limit since the
// last: a process on its way to be killed may be there within a second.
func (r *Recorder) look() {
	s := r.budget.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := cmp.Or(s.Memory.RSS, s.Memory.Go)
	const part = 32
	const half = 2 * perEvery // of a tick: they come early and late
	if s.At.Sub(r.lastAt) >= r.every-r.every/half || now-r.lastSize > cmp.Or(s.Process, now)/part {
		r.writeSample(&s)
	}
}

// take takes a sample now.
func (r *Recorder) take() {
	s := r.budget.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeSample(&s)
}

// writeSample writes a sample. The lock is held.
func (r *Recorder) writeSample(s *memacct.Stats) {
	r.sample.fill(s)
	r.lastAt, r.lastSize = s.At, r.sample.resident()
	r.sample.code(r.begun())
	r.write(&r.samples, kindSample, s.At)
}

// writeEvent writes an event, and reports whether the last sample is too old to go with it.
func (r *Recorder) writeEvent(e memacct.Event) (due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event = Event{Kind: e.Kind, Account: e.Account, Queue: e.Queue, Bytes: e.Bytes, Text: e.Text}
	r.event.code(r.begun())
	r.write(&r.events, kindEvent, e.At)
	return e.At.Sub(r.lastAt) >= r.every/perEvery
}

// begun is the coder of the next frame, with the room before its payload. The lock is held.
func (r *Recorder) begun() *coder {
	r.frame.buf = r.frame.buf[:frameSize]
	return &r.frame
}

// write writes the frame. The lock is held. A write that fails is told once; the next one may succeed, so each is
// tried.
func (r *Recorder) write(to *ring, k kind, at time.Time) {
	if r.closed {
		return
	}
	if err := to.put(r.file, r.id, k, at, r.frame.buf); err != nil && r.broken == nil {
		r.broken = err
		r.log.Error("memacct: the record can't be written: " + err.Error())
	}
}

// Close takes a last sample, marks the record as ended and closes the file. Close the budget first: what that
// says of leaks is an event, too. The error is that of the first write that failed. A second Close does nothing.
func (r *Recorder) Close() (err error) {
	if r == nil {
		return nil
	}
	r.once.Do(func() {
		r.unwatch()
		close(r.stop)
		<-r.done
		r.take()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.begun()
		r.write(&r.events, kindEnd, time.Now())
		r.closed = true
		if err = errors.Join(r.broken, r.file.Close()); err != nil {
			err = fmt.Errorf("record: %w", err)
		}
	})
	return err
}
