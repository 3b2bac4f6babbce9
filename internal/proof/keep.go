package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// way is one way to run the program whose consumers keep something of every unit.
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

// kept is how the runs of one way behind one limit ended.
type kept struct {
	held, killed, failed int
	seconds              []float64 // of those that held
	said                 string    // by the last that failed
}

// keep runs the program behind cgroups of each limit, every way some times, and wants memacct to hold whatever any
// other way holds.
func keep(bin string, limits []int64, runs int) error {
	fmt.Printf("%-10s", "limit")
	for _, w := range ways {
		fmt.Printf("  %-22s", w.name)
	}
	fmt.Println()
	var faults []error
	for _, limit := range limits {
		fmt.Printf("%-10s", bytesize.Format(limit))
		most := 0
		var k kept
		for _, w := range ways {
			var err error
			if k, err = w.runs(bin, limit, runs); err != nil {
				return err
			}
			most = max(most, k.held)
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
	return errors.Join(faults...)
}

// runs runs the program so many times, one after the other.
func (w way) runs(bin string, limit int64, n int) (k kept, err error) {
	for range n {
		if err := w.run(bin, limit, &k); err != nil {
			return k, err
		}
	}
	return k, nil
}

func (w way) run(bin string, limit int64, k *kept) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, w.args...)
	cmd.Stderr = &said
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GOMEMLIMIT=") || strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "MEMACCT_")
	})
	if w.goPart > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dB", limit*w.goPart/100))
	}
	from := time.Now()
	res, err := wall.Run(ctx, limit, cmd)
	switch {
	case errors.Is(err, wall.ErrNoCgroup):
		return errNotProved
	case err != nil:
		return fmt.Errorf("%s: %w; build it first", bin, err)
	case res.OOMKills > 0 || res.Signal != 0:
		k.killed++
	case res.ExitCode != 0:
		k.failed++
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		k.said = lines[len(lines)-1]
	default:
		k.held++
		k.seconds = append(k.seconds, time.Since(from).Seconds())
	}
	return nil
}

// String says how many held, and how long the median of those took.
func (k kept) String() string {
	all := k.held + k.killed + k.failed
	if k.held == 0 {
		return fmt.Sprintf("0/%d, %d killed", all, k.killed)
	}
	slices.Sort(k.seconds)
	return fmt.Sprintf("%d/%d in %.1f s", k.held, all, k.seconds[len(k.seconds)/2])
}
