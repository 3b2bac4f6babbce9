// Command syncbench runs real content syncs under a memory limit and says whether the limit held.
//
//	syncbench run [--source S] [--limit 64MiB] [--mode bytes|count|none] ...
//
// See syncbench run --help, and the README.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

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
	if text := oneLine(err); text != "" {
		fmt.Fprintln(os.Stderr, "syncbench:", text)
	}
	return codeOf(err)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "syncbench",
		Short:         "Run real content syncs under a memory limit and say whether it held",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		Long: `syncbench runs real content syncs under a memory limit and says whether it held.

A sync reads a repository's metadata, asks a store which units it has already, and saves the others. Start
with "syncbench run": it needs no flags, no network and no other program.

The result goes to stdout, progress and messages to stderr. Exit codes:
  0    the limit held
  1    the run failed, and said why
  2    wrong usage, or a crash
  3    the limit was broken
  130  interrupted by Ctrl-C or SIGTERM`,
		Example: `  syncbench run
  syncbench run --help
  syncbench completion bash > syncbench.bash`,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.AddCommand(runCommand())
	return root
}
