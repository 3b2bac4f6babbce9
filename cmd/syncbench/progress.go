package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// progress shows how far the work is: a bar on a terminal, a plain line every few seconds elsewhere.
type progress struct {
	w     *work
	start time.Time
	bar   *progressbar.ProgressBar // nil without a terminal
	end   chan struct{}
	all   sync.WaitGroup
}

const (
	barSteps  = 1000 // of the whole source
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// startProgress begins to show progress on stderr.
func startProgress(w *work) *progress {
	p := &progress{w: w, start: time.Now(), end: make(chan struct{})}
	if w.o.quiet {
		return p
	}
	every := lineEvery
	if term.IsTerminal(int(os.Stderr.Fd())) {
		every = barEvery
		steps := int64(barSteps)
		if w.src.done() < 0 {
			steps = -1 // a spinner
		}
		p.bar = progressbar.NewOptions64(steps,
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription("sync"),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetMaxDetailRow(1),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""),
		)
	}
	p.all.Go(func() { p.show(every) })
	return p
}

func (p *progress) show(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.step()
		case <-p.end:
			return
		}
	}
}

// step shows the state once.
func (p *progress) step() {
	if p.bar == nil {
		fmt.Fprintf(os.Stderr, "%4.0fs  %s\n", time.Since(p.start).Seconds(), p.detail())
		return
	}
	if done := p.w.src.done(); done >= 0 {
		_ = p.bar.Set64(int64(done * barSteps))
	} else {
		_ = p.bar.Add(1)
	}
	_ = p.bar.AddDetail(p.detail())
}

// detail is one line of figures.
func (p *progress) detail() string {
	s := fmt.Sprintf("%d units", p.w.src.read.Load())
	if done := p.w.src.done(); done >= 0 {
		s += fmt.Sprintf(" (%.0f%%)", 100*done)
	}
	s += fmt.Sprintf(", %d saved", p.w.saved.Units())
	if p.w.account != nil {
		a := p.w.account.Stats()
		gate := "open"
		if a.Waiters > 0 {
			gate = "waiting"
		}
		s += fmt.Sprintf(", accounted %s of %s, gate %s", bytesize.Format(a.Used), bytesize.Format(a.Limit), gate)
	}
	if rss, err := procmem.RSSAnon(); err == nil {
		s += ", rss " + bytesize.Format(rss)
	}
	return s
}

// stop ends the display and clears the bar.
func (p *progress) stop() {
	close(p.end)
	p.all.Wait()
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
