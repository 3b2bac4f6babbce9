package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func main() {
	err := command(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
	}
	os.Exit(exitCode(err))
}

// errUsage and errNotProved have exit codes of their own.
var (
	errUsage     = errors.New("wrong usage")
	errNotProved = errors.New("NOT PROVED: no memory cgroup can be made here; run as root, or in a delegated subtree")
)

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errNotProved):
		return 75 // EX_TEMPFAIL: elsewhere it may work
	}
	return 1
}

// keepLimits are around what the program needs to hold what it keeps, and some more.
const keepLimits = "120MiB,126MiB,132MiB,140MiB,160MiB,200MiB"

// command runs one command line.
func command(args []string) error {
	f := flag.NewFlagSet("proof", flag.ContinueOnError)
	f.SetOutput(os.Stderr)
	var (
		bin    = f.String("bin", "bin/syncbench", "the `program` to run")
		source = f.String("source", "synth:rpm-mixed,units=850000,order=giants-adjacent", "the `source` to sync")
		limits = f.String("limits", "", "keep: the `amounts` to hold ("+keepLimits+")")
		runs   = f.Int("runs", 5, "keep: `number` of runs of each kind")
		pairs  = f.Int("pairs", 0, "speed: `runs` of each kind in a comparison (0: 5 for throughput, 7 for processor time)")
	)
	if len(args) == 0 {
		return fmt.Errorf("%w: want proof speed|keep, flags behind it", errUsage)
	}
	if err := f.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	r := runner{bin: *bin, source: *source}
	switch args[0] {
	case "keep":
		all, err := parseLimits(cmp.Or(*limits, keepLimits))
		if err != nil {
			return err
		}
		return keep(filepath.Join(filepath.Dir(*bin), "keeping"), all, *runs)
	case "speed":
		return speed(r, *pairs)
	}
	return fmt.Errorf("%w: %q is none of speed, keep", errUsage, args[0])
}

func parseLimits(text string) (all []int64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := bytesize.Parse(part)
		if err != nil {
			return nil, fmt.Errorf("%w: -limits: %w", errUsage, err)
		}
		all = append(all, n)
	}
	return all, nil
}
