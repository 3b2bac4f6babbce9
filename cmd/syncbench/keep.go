package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// way is one way to run the program whose consumers keep something of every unit, internal/synth/keeping.
type way struct {
	name   string
	args   []string
	goPart int64 // GOMEMLIMIT in percent of the cgroup's limit; 0 for none
}

// ours is the last: what none of the others may hold where it does not.
var ways = []way{
	{"channels", []string{"-over=channels"}, 0},
	{"GOMEMLIMIT 83 %", []string{"-over=channels"}, 83},
	{"GOMEMLIMIT 90 %", []string{"-over=channels"}, 90},
	{"automemlimit", []string{"-over=channels", "-automemlimit"}, 0},
	{"memacct", []string{"-over=memacct"}, 0},
}

// keepLimits are around what the program needs to hold what it keeps, and some more.
const keepLimits = "120MiB,126MiB,132MiB,140MiB,160MiB,200MiB"

// keepCommand judges whether memacct holds whatever a Go limit alone holds; make sweep calls it.
func keepCommand() *cobra.Command {
	limits, runs := "", 0
	c := &cobra.Command{
		Use:    "keep PROGRAM",
		Short:  "Judge whether memacct holds whatever a Go limit alone holds, where consumers keep something of every unit",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			all, err := parseLimits(limits)
			if err != nil {
				return err
			}
			if runs < 1 {
				return fmt.Errorf("--runs %d: want 1 or more", runs)
			}
			return keep(c.Context(), args[0], all, runs)
		},
	}
	c.Flags().StringVar(&limits, "limits", keepLimits, "the `amounts` to hold")
	c.Flags().IntVar(&runs, "runs", 5, "`number` of runs of each kind")
	return c
}

// keptRuns is how the runs of one way behind one limit ended.
type keptRuns struct {
	held, killed, failed int
	seconds              []float64 // of those that held
	said                 string    // by the last that failed
}

// keep runs the program behind cgroups of each limit, every way some times, and wants memacct to hold whatever any
// other way holds.
func keep(ctx context.Context, program string, limits []int64, runs int) error {
	if _, err := exec.LookPath(program); err != nil {
		return failed(fmt.Errorf("%w; build it first", err))
	}
	fmt.Printf("%-10s", "limit")
	for _, w := range ways {
		fmt.Printf("  %-22s", w.name)
	}
	fmt.Println()
	var faults []error
	held := 0
	for _, limit := range limits {
		fmt.Printf("%-10s", bytesize.Format(limit))
		most := 0
		var k keptRuns
		for _, w := range ways {
			k = keptRuns{}
			for range runs {
				if err := w.run(ctx, program, limit, &k); err != nil {
					return err
				}
			}
			most = max(most, k.held)
			held += k.held
			fmt.Printf("  %-22s", k)
		}
		fmt.Println()
		if k.said != "" {
			fmt.Println("          " + k.said)
		}
		if k.held < most {
			faults = append(faults, fmt.Errorf("%s: another way held %d of %d runs, and memacct %d", bytesize.Format(limit), most, runs, k.held))
		}
	}
	if len(faults) > 0 {
		return failed(errors.Join(faults...))
	}
	if held == 0 {
		return &codedError{exitUnproved, errors.New("no way held anywhere: want higher limits")}
	}
	return nil
}

func (w way) run(ctx context.Context, program string, limit int64, k *keptRuns) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(bounded, program, w.args...)
	cmd.Stderr = &said
	cmd.Env = wall.Environ()
	if w.goPart > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dB", limit*w.goPart/100))
	}
	from := time.Now()
	res, err := wall.Run(bounded, limit, cmd)
	switch {
	case ctx.Err() != nil:
		return &codedError{exitInterrupted, errors.New("interrupted")}
	case errors.Is(err, wall.ErrNoCgroup):
		return &codedError{exitUnproved, errNotProved}
	case err != nil:
		return failed(fmt.Errorf("%s: %w", program, err))
	case res.OOMKills > 0 || res.Signal != 0:
		k.killed++
	case res.ExitCode != 0:
		k.failed++
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if k.said = lines[len(lines)-1]; w.name != ways[len(ways)-1].name { // only ours refuses
			return failed(fmt.Errorf("%s %s: %s", program, strings.Join(w.args, " "), k.said))
		}
	default:
		k.held++
		k.seconds = append(k.seconds, time.Since(from).Seconds())
	}
	return nil
}

// String says how many held, and how long the median of those took.
func (k keptRuns) String() string {
	all := k.held + k.killed + k.failed
	if k.held == 0 {
		return fmt.Sprintf("0/%d, %d killed", all, k.killed)
	}
	return fmt.Sprintf("%d/%d in %.1f s", k.held, all, median(k.seconds))
}
