package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync"
	"syscall"
)

// untilSignal is a context that ends with the first signal that asks for the end, so that what is temporary is
// removed; a second one removes that and ends the program at once. A SIGQUIT prints where every goroutine is before, as Go does. A
// SIGHUP that is ignored, by nohup, stays so.
func untilSignal() (context.Context, func()) {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, end := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, ends...)
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	// Whoever listens for SIGPIPE gets an error of the write in its place: see closedPipe.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		select {
		case <-quit:
			_ = pprof.Lookup("goroutine").WriteTo(&stderr, 2)
		case <-asked:
		}
		signal.Stop(quit)
		end()
		<-asked
		temporary.removeAll()
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		end()
		signal.Stop(asked)
	}
}

// temporary are the directories that go with the program, whatever ends it.
var temporary leftovers

type leftovers struct {
	mu  sync.Mutex
	all []string
}

func (l *leftovers) add(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, dir)
}

// removeAll removes them under the lock, so that none is made meanwhile.
func (l *leftovers) removeAll() {
	l.mu.Lock()
	for _, dir := range l.all {
		_ = os.RemoveAll(dir)
	}
}

// closedPipe reports whether the reader of stdout has gone, as head does when it has seen enough. Nobody is left to be
// told.
func closedPipe(err error) bool {
	e, ok := errors.AsType[*fs.PathError](err)
	return ok && e.Path == os.Stdout.Name() && errors.Is(e.Err, syscall.EPIPE)
}
