package record

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/syncmem/syncmem/internal/filelock"
)

// Ended says how a recording ended.
type Ended string

// How a recording may have ended. What was killed can't be told from what crashed, or left without Close.
const (
	Clean   Ended = "clean"   // by Close
	Running Ended = "running" // not yet: a live process writes to the file
	Killed  Ended = "killed"  // without Close
)

// Record is what a file has to tell. Events and samples are in order, the oldest first.
type Record struct {
	Path      string
	Ended     Ended
	Command   string
	PID       int
	Host      string
	GoVersion string
	Started   time.Time // the process
	Opened    time.Time // the recording
	Last      time.Time // of the last event or sample
	Every     time.Duration
	Size      int64 // of the file, in bytes
	Events    []Event
	Samples   []Sample
	// Damaged is how many events and samples can't be read although older ones can. The one that was being
	// written when the process ended is not counted.
	Damaged int
}

// Read reads the record in a file, also while it is being written. It takes as much memory as the file is large,
// a few times, and never more than that for a maximal one of 64 MiB. The error names the file and wraps
// [ErrNotRecord], [ErrVersion] or [ErrDamaged]. A file that was cut short gives what is left of it together
// with an error.
func Read(path string) (*Record, error) {
	if err := regular(path); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	defer f.Close()
	r, err := read(f, path)
	if err != nil {
		err = fmt.Errorf("record: %s: %w", path, err)
	}
	if r != nil && r.Ended == Killed && filelock.Held(f) {
		r.Ended = Running
	}
	return r, err
}

// read reads what is in f, whoever has it open.
func read(f io.ReaderAt, path string) (*Record, error) {
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	p, err := body(f, h.Size)
	if err != nil {
		return nil, err
	}
	r := &Record{
		Path: path, Command: h.Command, PID: int(h.PID), Host: h.Host, GoVersion: h.GoVersion, Started: h.Started,
		Opened: h.Opened, Last: h.Opened, Every: h.Every, Size: h.Size, Ended: Killed,
	}
	events, samples := rings(h.Size)
	r.collect(scan(events.part(p), h.ID))
	r.collect(scan(samples.part(p), h.ID))
	if missing := h.Size - headerSize - int64(len(p)); missing > 0 {
		return r, fmt.Errorf("%w: the last %d of its %d bytes are missing; copy it again, whole", ErrDamaged, missing, h.Size)
	}
	return r, nil
}

// part is the ring's part of what follows the header, as much as there is.
func (r *ring) part(p []byte) []byte {
	from := min(int64(len(p)), r.base-headerSize)
	return p[from:min(int64(len(p)), from+r.size)]
}

// collect takes the frames of one ring.
func (r *Record) collect(frames []frame) {
	for i, f := range frames {
		if i > 0 {
			r.Damaged += int(min(f.seq-frames[i-1].seq-1, 1<<20)) // a number may be anything
		}
		c := coder{buf: f.payload, reading: true}
		switch f.kind {
		case kindEnd:
			r.Ended = Clean
		case kindEvent:
			r.Events = decoded(r.Events, Event{At: f.at}, &c, (*Event).code)
		case kindSample:
			r.Samples = decoded(r.Samples, Sample{At: f.at}, &c, (*Sample).code)
		}
		if c.bad {
			r.Damaged++
		}
		if f.at.After(r.Last) {
			r.Last = f.at
		}
	}
}

// decoded appends v as c has it to all, unless that makes no sense.
func decoded[T any](all []T, v T, c *coder, code func(*T, *coder)) []T {
	if code(&v, c); c.bad {
		return all
	}
	return append(all, v)
}

// last is the last sample; a zero one if there is none.
func (r *Record) last() *Sample {
	if len(r.Samples) == 0 {
		return &Sample{At: r.Opened}
	}
	return &r.Samples[len(r.Samples)-1]
}

// MarshalJSON writes the record with keys that stay: schema, file, ended, command, pid, host, go, started,
// opened, last_written, sample_every_seconds, file_bytes, damaged, summary, holdings, events, samples.
func (r *Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Schema   string    `json:"schema"`
		File     string    `json:"file"`
		Ended    Ended     `json:"ended"`
		Command  string    `json:"command"`
		PID      int       `json:"pid"`
		Host     string    `json:"host"`
		Go       string    `json:"go"`
		Started  time.Time `json:"started"`
		Opened   time.Time `json:"opened"`
		Last     time.Time `json:"last_written"`
		Every    float64   `json:"sample_every_seconds"`
		Size     int64     `json:"file_bytes"`
		Damaged  int       `json:"damaged"`
		Summary  string    `json:"summary"`
		Holdings []Holding `json:"holdings"`
		Events   []Event   `json:"events"`
		Samples  []Sample  `json:"samples"`
	}{
		"memacct-record/v1", r.Path, r.Ended, r.Command, r.PID, r.Host, r.GoVersion, r.Started, r.Opened, r.Last,
		r.Every.Seconds(), r.Size, r.Damaged, r.Summary(), r.Holdings(), append([]Event{}, r.Events...), append([]Sample{}, r.Samples...),
	})
}
