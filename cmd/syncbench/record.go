package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/record"
)

func recordCommand() *cobra.Command {
	var asJSON bool
	var last int
	c := &cobra.Command{
		Use:   "record FILE",
		Short: "Show what a process recorded before it was killed",
		Long: `record shows the file that a process wrote with MEMACCT_RECORD=FILE, or "syncbench run --record FILE": its
limit, its last decisions, its last samples, what each stage held at the end, and what that looks like. The
process may have been killed, or may still run.

When a process starts to record where the last one was killed, the file of that one is kept as FILE.1.

Exit codes: 0 it is shown, however the process ended; 1 the file can't be read, or only a part of it; 2 wrong usage.`,
		Example: `  syncbench run --record sync.memrec --mode none --cgroup
  syncbench record sync.memrec
  syncbench record sync.memrec --last 100
  syncbench record sync.memrec --json`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1 || args[0] == "":
				return errors.New("syncbench record takes one FILE; see syncbench record --help")
			case last < 1:
				return fmt.Errorf("--last %d: want 1 sample or more", last)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return showRecord(args[0], asJSON, last) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print all of it as JSON")
	c.Flags().IntVar(&last, "last", 15, "how many `samples`, and events, are shown")
	return c
}

// showRecord prints what there is, also where some is missing, and says then what is wrong.
func showRecord(path string, asJSON bool, last int) error {
	r, err := record.Read(path)
	if r != nil {
		err = errors.Join(err, printRecord(r, asJSON, last))
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

func printRecord(r *record.Record, asJSON bool, last int) error {
	if !asJSON {
		return r.Print(os.Stdout, last)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// openRecord starts the record of --record or --out; without either, it returns one that does nothing.
func (o *options) openRecord(b *memacct.Budget) (*record.Recorder, error) {
	if o.record == "" {
		return nil, nil
	}
	flag, opt := "--record", record.Options{Logger: stderr.logger()}
	if o.out != "" {
		flag, opt.Size, opt.Every = "--out", folderRecord, folderEvery
	}
	r, err := record.Open(o.record, b, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return r, nil
}

// sayRecord says how to see what a run recorded that was killed.
func (o *options) sayRecord() {
	if o.record != "" && o.report == "" { // a page shows it
		fmt.Fprintln(os.Stderr, "what it held at the end: syncbench record "+o.record)
	}
}
