package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// progress shows how far the work is: a bar on a terminal, a plain line every few seconds elsewhere.
type progress struct {
	w      *work
	screen *screen
	start  time.Time
	bar    *progressbar.ProgressBar // nil without a terminal
	end    chan struct{}
	all    sync.WaitGroup
}

const (
	barSteps  = 1000 // of the whole source
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// startProgress begins to show progress on stderr.
func startProgress(w *work) *progress {
	p := &progress{w: w, screen: &stderr, start: time.Now(), end: make(chan struct{})}
	if w.o.quiet {
		return p
	}
	every := lineEvery
	if onTerminal() {
		every = barEvery
		p.bar = newBar(w.done() >= 0)
	}
	p.all.Go(func() { p.show(every) })
	return p
}

// onTerminal reports whether stderr is something on which a line can be drawn again.
func onTerminal() bool {
	return term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
}

// columns is the width of the terminal. What is longer would wrap and could not be cleared.
func columns() int {
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// newBar is a bar, or a spinner where the end is not known. It has no colours, so that NO_COLOR is honoured.
func newBar(endKnown bool) *progressbar.ProgressBar {
	const around = 24 // columns for the words beside the bar
	steps := int64(barSteps)
	if !endKnown {
		steps = -1
	}
	return progressbar.NewOptions64(steps,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription("sync"),
		progressbar.OptionSetWidth(min(40, max(4, columns()-around))),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetMaxDetailRow(1),
	)
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
	p.screen.drawn(p.draw)
}

// draw draws the bar and its details.
func (p *progress) draw() bool {
	if done := p.w.done(); done >= 0 {
		_ = p.bar.Set64(min(int64(done*barSteps), barSteps-1)) // the last step is the save after all was read
	} else {
		_ = p.bar.Add(1)
	}
	_ = p.bar.RenderBlank() // also where the step is the same: a log line may have taken the bar's place
	detail := p.detail()
	_ = p.bar.AddDetail(detail[:min(len(detail), columns()-1)])
	return true
}

// detail is one line of figures.
func (p *progress) detail() string {
	var syncs []string
	for _, s := range p.w.syncs {
		syncs = append(syncs, s.detail())
	}
	s := strings.Join(syncs, ", beside ")
	if p.w.o.budget != nil {
		a := p.w.o.budget.Stats()
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

// detail is how far the sync is.
func (s *oneSync) detail() string {
	text := fmt.Sprintf("%d units", s.src.read.Load())
	if done := s.src.done(); done >= 0 {
		text += fmt.Sprintf(" (%.0f%%)", 100*done)
	}
	return text + fmt.Sprintf(", %d saved", s.whole.Saved.Units())
}

// stop ends the display and clears the bar and its details.
func (p *progress) stop() {
	close(p.end)
	p.all.Wait()
	p.screen.drawn(func() bool { return false })
}
