// Command syncbench runs real content syncs under a memory limit and says whether the limit held.
//
//	syncbench run [--source S] [--limit 64MiB] [--mode bytes|count|none] ...
//
// See syncbench run --help, and the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes, which scripts rely on.
const (
	exitHeld        = 0
	exitFailed      = 1   // the run failed
	exitUsage       = 2   // wrong usage, or a crash
	exitBroken      = 3   // the limit was broken
	exitInterrupted = 130 // by Ctrl-C or SIGTERM
)

// codedError is an error that knows its exit code. An empty text was said already.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// errSaid ends the program with a code, everything having been said.
var errSaid = errors.New("")

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the program at once
	}()
	err := rootCommand().ExecuteContext(ctx)
	if err == nil {
		return exitHeld
	}
	code := exitUsage
	var coded *codedError
	if errors.As(err, &coded) {
		code = coded.code
	}
	if err.Error() != "" {
		fmt.Fprintln(os.Stderr, "syncbench:", err)
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "syncbench",
		Short:         "Run real content syncs under a memory limit and say whether it held",
		SilenceErrors: true,
		SilenceUsage:  true,
		Long: `syncbench runs real content syncs under a memory limit and says whether it held.

Exit codes: 0 held, 1 the run failed, 2 wrong usage or a crash, 3 the limit was broken, 130 interrupted.
The result goes to stdout, progress and messages to stderr.`,
	}
	root.AddCommand(runCommand())
	return root
}
