package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func reportCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "report DIR|FILE...",
		Short: "Show runs as one HTML page, to attach to a ticket",
		Long: `report makes one page of what --out or --json left: the verdict first; the memory over time beside the limit, with the
times when the gate was closed; batches by cause; the sizes of units, and the heaviest; what was accounted against what
lived; modes and ladders; and the command that does it again. The page is one file without scripts, needs no network, and
fits a phone and a dark screen.

A DIR is what --out named, also of a run that was killed or is not at its end. A FILE is a result as JSON, or a flight
record. Of several the page has one after the other.

Exit codes: 0 the page is written; 1 something can't be read: the page shows what can; 2 wrong usage.`,
		Example: `  syncbench run --out first
  syncbench report first                              # writes first/report.html
  syncbench report first second --output both.html
  syncbench report sweep.json --output - >sweep.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("syncbench report takes the DIR of --out, or a FILE of --json; see syncbench report --help")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			to := output
			if to == "" {
				to = besides(args[0])
			}
			err := writeReport(to, args)
			if err != nil {
				return failed(err)
			}
			if to != "-" {
				fmt.Println(to)
			}
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write the page to this `file`; - is stdout (default: report.html in DIR, or FILE.html)")
	return c
}

// besides is where a page goes that was given no name.
func besides(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, "report.html")
	}
	return path + ".html"
}

// writeReport writes the page of all that can be read. Where some can't, the error says which.
func writeReport(to string, paths []string) error {
	var all []*evidence
	var faults []error
	for _, path := range paths {
		e, err := readEvidence(path)
		if e != nil {
			all = append(all, e)
		}
		faults = append(faults, err)
	}
	err := errors.Join(faults...)
	if len(all) == 0 {
		return err
	}
	var page bytes.Buffer // whole, before a file is made
	if e := renderPage(&page, all, err); e != nil {
		return errors.Join(err, e)
	}
	if to != "-" {
		f, e := os.Create(to)
		if e != nil {
			return errors.Join(err, e)
		}
		_, e = f.Write(page.Bytes())
		return errors.Join(err, e, f.Close())
	}
	_, e := os.Stdout.Write(page.Bytes())
	return errors.Join(err, e)
}
