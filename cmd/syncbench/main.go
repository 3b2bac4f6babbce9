// Command syncbench runs real content syncs under a memory limit and says whether the limit held.
//
//	syncbench run [--source S] [--limit 64MiB] [--mode bytes|count|none] ...
//	syncbench units [--source S] [--top N]
//	syncbench gen DIR [--source synth:...]
//	syncbench record FILE
//	syncbench compare [--modes none,count:1000,count:1,bytes] ...
//	syncbench serve DIR [--delay 50ms] [--faults reset=0.1,503=0.05]
//	syncbench plan [--source S] [--format k8s]
//	syncbench sweep [--limits 256MiB,64MiB] ...
//	syncbench report DIR|FILE...
//
// See syncbench run --help, and docs/syncbench.md.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/syncmem/syncmem/internal/synth"
)

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := untilSignal()
	defer stop()
	err := rootCommand().ExecuteContext(ctx)
	if err == nil {
		return exitHeld
	}
	if text := oneLine(err); text != "" && !closedPipe(err) {
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
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		Long: `syncbench runs real content syncs under a memory limit and says whether it held.

A sync reads a repository's metadata, asks a store which units it has already, and saves the others. Start
with "syncbench run": it needs no flags, no network and no other program.

The result goes to stdout, progress and messages to stderr. Exit codes:
  0    the limit held
  1    the run failed, and said why
  2    wrong usage, or a crash
  3    the limit was broken
  4    the limit held, but the run is worse than its --baseline, beyond the noise
  5    the limit held, but the control did not break it: that proves nothing (sweep)
  130  interrupted by Ctrl-C, SIGTERM, SIGHUP or SIGQUIT`,
		Example: `  syncbench run
  syncbench run --help
  syncbench completion bash > syncbench.bash`,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(nearFlag)
	root.AddCommand(runCommand(), unitsCommand(), genCommand(), recordCommand(), compareCommand(), sweepCommand(), planCommand(), serveCommand(), reportCommand(), speedCommand(), keepCommand(), resultsCommand())
	return root
}

// knownCommand refuses words that are no command, with the one that may have been meant. SuggestionsFor knows
// the commands that are a letter or two away, which cobra itself would only say in several lines.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see syncbench --help"
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return fmt.Errorf("unknown command %q; %s", args[0], hint)
}

// nearFlag adds to the error of an unknown flag the one that may have been meant, or that another command has it.
func nearFlag(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var all []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			all = append(all, f.Name)
		}
	})
	if near := synth.Nearest(unknown.GetSpecifiedName(), all); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	if run := runCommand(); run.Flags().Lookup(unknown.GetSpecifiedName()) != nil {
		return fmt.Errorf("%w: it goes with syncbench run alone; see %s --help", err, c.CommandPath())
	}
	return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
}

// noArguments refuses words beside flags.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes flags alone, but there is %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
}
