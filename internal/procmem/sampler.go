package procmem

import (
	"sync"
	"time"
)

// Read is one [Sample] of this process. It opens a file each time; to read
// often, use a [Sampler].
func Read() (Sample, error) {
	f, err := openStatus()
	if err != nil {
		return Sample{}, err
	}
	defer f.close()
	return f.read()
}

// RSSAnon is the bytes of anonymous memory this process has resident.
func RSSAnon() (int64, error) {
	s, err := Read()
	return s.RSSAnon, err
}

// Peak is the most of each that a [Sampler] saw, not all at the same moment.
// HighWater alone misses nothing: the true peak of RSSAnon is at least the one
// here, and at most HighWater less what of RSSFile was resident then.
type Peak struct {
	Sample
	Samples int   // how many there were
	Err     error // the last error of a read; wraps [ErrUnsupported] where there is nothing to read
}

// Sampler watches this process from a goroutine of its own. A sample costs
// some ten microseconds and no allocation. All methods may be called at once
// from several goroutines.
type Sampler struct {
	see     func(Sample) // gets every sample, one at a time; nil for nobody
	stop    chan struct{}
	done    chan struct{}
	stopped sync.Once

	mu   sync.Mutex // guards all below, and reads of the file
	file *statusFile
	peak Peak
}

// StartSampler takes the first sample at once and then one every so often
// (at least a millisecond apart), until [Sampler.Stop]. It always returns a
// Sampler; where nothing can be read, Peak has the reason in Err and no
// goroutine is started. Every sample is given to see too, one after the other,
// unless it is nil; it must not call the Sampler.
func StartSampler(every time.Duration, see func(Sample)) *Sampler {
	s := &Sampler{see: see, stop: make(chan struct{}), done: make(chan struct{})}
	s.file, s.peak.Err = openStatus()
	if s.peak.Err != nil {
		close(s.done)
		return s
	}
	s.sample()
	go s.run(max(every, time.Millisecond))
	return s
}

func (s *Sampler) run(every time.Duration) {
	defer close(s.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sample()
		case <-s.stop:
			return
		}
	}
}

// Peak is the highest so far, with a sample taken now while the sampler runs.
func (s *Sampler) Peak() Peak {
	s.sample()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Stop takes a last sample and ends the goroutine; it returns when that has
// ended. Peak stays readable. A second Stop does nothing.
func (s *Sampler) Stop() {
	s.stopped.Do(func() {
		close(s.stop)
		<-s.done
		s.sample()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.file != nil {
			s.file.close()
			s.file = nil
		}
	})
}

func (s *Sampler) sample() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return
	}
	now, err := s.file.read()
	if err != nil {
		s.peak.Err = err
		return
	}
	s.peak.Samples++
	s.peak.RSSAnon = max(s.peak.RSSAnon, now.RSSAnon)
	s.peak.RSSFile = max(s.peak.RSSFile, now.RSSFile)
	s.peak.RSSShmem = max(s.peak.RSSShmem, now.RSSShmem)
	s.peak.Swap = max(s.peak.Swap, now.Swap)
	s.peak.HighWater = max(s.peak.HighWater, now.HighWater)
	if s.see != nil {
		s.see(now)
	}
}
