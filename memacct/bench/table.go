package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// patience is how long one run may take.
const patience = 2 * time.Minute

// table is what to run.
type table struct {
	limits []int64
	orders []string
	units  int
	runs   int
	ways   []way
	digest map[string][]byte // of what was saved, by order: it is the same for all that save the whole of each
}

// cell is how the runs of one way in one order behind one limit ended.
type cell struct {
	held, killed, late int
	seconds            []float64
	peak               int64  // the most, in bytes
	said               string // by the last that failed
}

// print runs all, and prints Markdown.
func (t *table) print(ctx context.Context, out io.Writer) error {
	fmt.Fprint(out, "| way | lines | numbers to choose | limit |")
	for _, o := range t.orders {
		fmt.Fprintf(out, " %s |", o)
	}
	fmt.Fprintf(out, "\n|---|---|---|---|%s\n", strings.Repeat("---|", len(t.orders)))
	for _, limit := range t.limits {
		cells := make([][]cell, len(t.ways))
		for i := range cells {
			cells[i] = make([]cell, len(t.orders))
		}
		for range t.runs { // in turns, so that what else the machine does hits all
			for o, order := range t.orders {
				for w := range t.ways {
					if err := t.run(ctx, t.ways[w], order, limit, &cells[w][o]); err != nil {
						return err
					}
				}
			}
		}
		for w, way := range t.ways {
			lines, err := way.lines()
			if err != nil {
				return err
			}
			numbers := strings.Join(way.numbers, ", ")
			if numbers == "" {
				numbers = "none"
			}
			fmt.Fprintf(out, "| %s | %d | %s | %s |", way.name, lines, numbers, bytesize.Format(limit))
			for _, c := range cells[w] {
				fmt.Fprintf(out, " %s |", c.String(t.units))
			}
			fmt.Fprintln(out)
		}
	}
	return nil
}

// run runs one way once, in a process behind a cgroup.
func (t *table) run(ctx context.Context, w way, order string, limit int64, c *cell) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(short, self, "-one", w.name, "-limit", fmt.Sprint(limit), "-orders", order, "-units", fmt.Sprint(t.units))
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.Env = wall.Environ()
	res, err := wall.Run(short, limit, cmd)
	switch {
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		c.late++
		return nil
	case err != nil:
		return err
	case res.OOMKills > 0:
		c.killed++
		return nil
	case res.ExitCode != 0 || res.Signal != 0:
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		c.said = lines[len(lines)-1]
		return nil
	}
	var f figures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return fmt.Errorf("%s said what is no figures: %w", w.name, err)
	}
	if t.digest == nil {
		t.digest = map[string][]byte{}
	}
	if known := t.digest[order]; known == nil {
		t.digest[order] = f.Digest
	} else if !bytes.Equal(known, f.Digest) {
		return fmt.Errorf("%s saved something else than the ways before", w.name)
	}
	c.held++
	c.seconds = append(c.seconds, f.Seconds)
	c.peak = max(c.peak, f.Peak)
	return nil
}

// String tells it in a few words: the speed is the median of the runs that held, the peak the most of them.
func (c cell) String(units int) string {
	var words []string
	if c.killed > 0 {
		words = append(words, fmt.Sprintf("killed %d", c.killed))
	}
	if c.late > 0 {
		words = append(words, fmt.Sprintf("not done in %v %d", patience, c.late))
	}
	if c.said != "" {
		words = append(words, "failed: "+c.said)
	}
	if c.held > 0 {
		slices.Sort(c.seconds)
		words = append(words, fmt.Sprintf("held %d, %s, %.0f units/s", c.held, bytesize.Format(c.peak), float64(units)/c.seconds[len(c.seconds)/2]))
	}
	return strings.Join(words, "; ")
}
