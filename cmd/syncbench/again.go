package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/procmem/wall"
	"github.com/syncmem/syncmem/pipeline"
)

// bench does the same work again and again, each time in a process of its own: what one run leaves behind, in the heap or
// in the kernel's highest marks, is not to count for the next.
type bench struct {
	o       options // of the work: the source, the store and how they are read
	store   string
	runs    int
	json    string
	out     string // the run folder; "" for none
	quiet   bool
	program string // this one; tests have another

	total int // runs that there will be, as far as that is known; 0 if it is not
	done  int
	kept  func() error // writes what there is into the run folder; nil for no such
}

// registerWork makes the flags that say what the work is.
func (b *bench) registerWork(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false // the order of use
	f.StringVar(&b.o.source, "source", "synth:rpm-mixed", "the `source` to sync, see syncbench run --help")
	f.StringVar(&b.store, "store", "sqlite", "the `store` to save to: sqlite, a file for each run that is removed afterwards; postgres://..., a schema for each run in that database, which is dropped afterwards; or discard")
	f.IntVar(&b.o.batch, "batch", pipeline.DefaultBatchSize, "`units` that a stage collects before it acts")
	b.o.registerReading(c)
}

// registerOutput makes the flags that say what becomes of the result.
func (b *bench) registerOutput(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.json, "json", "", "write the result as JSON to this `file`, too; - is stdout, instead of the table")
	f.StringVar(&b.out, "out", "", "make a run `folder` with the result and a run folder for each run, which syncbench report shows")
	f.StringVar(&b.o.baseline, "baseline", "", baselineUsage)
	f.BoolVarP(&b.quiet, "quiet", "q", false, "no line on stderr for each run")
}

// check says what is wrong with those flags.
func (b *bench) check() error {
	if b.o.store = b.store; b.store == storeSQLite {
		b.o.store = "" // each run makes its own
	} else if k, _ := storeOf(b.store); k.apart == nil {
		return fmt.Errorf("--store: %q is none of sqlite, discard, postgres://...: each run needs a store that is empty", nameBegin(b.store))
	}
	switch {
	case b.o.batch < 1:
		return fmt.Errorf("--batch %d: want 1 unit or more", b.o.batch)
	case b.runs < 1:
		return fmt.Errorf("--runs %d: want 1 or more", b.runs)
	}
	if err := b.o.checkSource(); err != nil {
		return err
	}
	return cmp.Or(b.o.checkReading(), b.o.checkBaseline())
}

// errNoWall says that no memory cgroup can be made here.
var errNoWall = errors.New("no memory cgroup can be made here")

// patience is how long one run may take. Where the kernel drops a program's code and reads it again, over and over, it
// might never end.
const patience = time.Hour

// line is the command line that does the same again.
func (b *bench) line(command string, more ...string) string {
	store := cmp.Or(b.o.storeName(), b.store)
	words := []string{"syncbench", command, "--source=" + b.o.sourceName(), "--store=" + store, fmt.Sprint("--runs=", b.runs)}
	words = append(words, b.o.workLine()...)
	return commandLine(append(words, more...)...)
}

// keep writes what there is so far.
func (b *bench) keep() error {
	if b.kept == nil {
		return nil
	}
	if err := b.kept(); err != nil {
		return failed(err)
	}
	return nil
}

// run does the work once, with a store of its own; name is what its run folder is called. A limit that was broken and a run
// that failed are results; an error is a run without one.
func (b *bench) run(ctx context.Context, name string, args ...string) (*result, error) {
	own := b.o.store
	if k, _ := storeOf(own); k.apart != nil {
		apart, remove, err := k.apart(ctx, own)
		switch {
		case ctx.Err() != nil:
			return nil, errInterrupted
		case err != nil:
			return nil, failed(err)
		}
		own = apart
		defer removeApart(ctx, remove)
	}
	args = append([]string{
		"run", "--quiet", "--json=-", "--source=" + b.o.source, "--store=" + own, fmt.Sprint("--batch=", b.o.batch),
		fmt.Sprint("--stall-timeout=", b.o.stall), "--max-window=" + b.o.window, fmt.Sprint("--skip-bad=", b.o.skipBad),
	}, args...)
	if b.out != "" {
		name = strings.NewReplacer(":", "-", "/", "-").Replace(name)
		args = append(args, "--out="+filepath.Join(b.out, runsFolder, fmt.Sprintf("%02d-%s", b.done+1, name)))
	}
	b.done++
	return b.child(ctx, name, args)
}

// removeApart removes the store of a run. One that can't be is told of: it is no matter of the figures.
func removeApart(ctx context.Context, remove func(context.Context) error) {
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*stopPatience)
	defer cancel()
	if err := remove(after); err != nil {
		stderr.logger().Warn(err.Error())
	}
}

// errInterrupted is of a bench that was told to stop.
var errInterrupted = &codedError{exitInterrupted, errors.New("interrupted")}

// child does a run in a process of its own, which ends with this one, by whatever way: that lasts only as long as the thread
// that began it.
func (b *bench) child(ctx context.Context, name string, args []string) (*result, error) {
	program := b.program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program = self
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(bounded, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * stopPatience
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	endWithParent(cmd)
	from := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case bounded.Err() != nil:
		return nil, failed(fmt.Errorf("the run %s took more than %v and was stopped", name, patience))
	case err != nil && !errors.As(err, &exit):
		return nil, failed(err)
	case strings.Contains(said.String(), wall.ErrNoCgroup.Error()):
		return nil, errNoWall
	}
	r := new(result)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		return nil, failed(fmt.Errorf("a run ended without a result: %s", strings.TrimSpace(said.String())))
	}
	r.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if r.Seconds == 0 { // it was killed, and nobody could say
		r.Seconds = time.Since(from).Seconds()
	}
	return r, nil
}

// say tells how a run went, on stderr.
func (b *bench) say(what string, r *result) {
	if b.quiet {
		return
	}
	of := ""
	if b.total > 0 {
		of = fmt.Sprintf("/%d", b.total)
	}
	fmt.Fprintf(os.Stderr, "%d%s %s: %s, %s, %.1f s\n", b.done, of, what, r.brief(), amountOr(r.PeakRSSAnon, "peak unknown"), r.Seconds)
}

// brief is the verdict in a word or two.
func (r *result) brief() string {
	if r.OOMKills != nil && *r.OOMKills > 0 {
		return "killed"
	}
	return r.Verdict
}
