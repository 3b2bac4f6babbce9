package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// untilSignal is a context that ends with the first signal that asks for the end, so that what is temporary is
// removed; a second one ends the program at once. A SIGQUIT prints where every goroutine is before, as Go does. A
// SIGHUP that is ignored, by nohup, stays so.
func untilSignal() (context.Context, func()) {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	ctx, end := context.WithCancel(ctx)
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	// Whoever listens for SIGPIPE gets an error of the write in its place: see closedPipe.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		select {
		case <-quit:
			_ = pprof.Lookup("goroutine").WriteTo(&stderr, 2)
			end()
		case <-ctx.Done():
		}
		signal.Stop(quit)
		stop()
	}()
	return ctx, func() { end(); stop() }
}

// closedPipe tells whether the reader of stdout has gone, as head does when it has seen enough. Nobody is left to be
// told.
func closedPipe(err error) bool {
	e, ok := errors.AsType[*fs.PathError](err)
	return ok && e.Path == os.Stdout.Name() && errors.Is(e.Err, syscall.EPIPE)
}
