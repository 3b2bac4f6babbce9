package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/syncmem/syncmem/analyzer"
)

const usage = `memvet finds the memory hazards of content syncs.

	go vet -vettool=$(which memvet) ./...   as go vet's tool, cached
	memvet [flags] [packages]               the same by itself, with more formats
	memvet -confidence=low ./...            what is less sure, too
	memvet explain [check]                  what a check finds and why
	memvet -write-baseline FILE ./...       accept today's findings
	memvet -baseline FILE ./...             report new ones only, and stale lines
	memvet -baseline FILE -shrink ./...     take the stale lines out

Exit codes: 0 nothing found, 1 some package could not be analyzed, 2 wrong
usage, 3 findings. As go vet's tool it has go vet's: 1 for findings.
`

// explain prints a check's documentation, or the list of checks.
func explain(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stdout, usage, "\nChecks:\n")
		for _, d := range analyzer.Docs() {
			fmt.Fprintf(stdout, "  %-12s %s\n", d.Name, strings.TrimPrefix(d.Title, d.Name+" "))
		}
		fmt.Fprint(stdout, "\nFlags:\n")
		fs := flagSet(&options{})
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return exitClean
	}
	for _, d := range analyzer.Docs() {
		if d.Name == args[0] {
			fmt.Fprint(stdout, d.Text())
			return exitClean
		}
	}
	fmt.Fprintf(stderr, "memvet: no check %q; \"memvet explain\" lists them\n", args[0])
	return exitUsage
}

func pageURL(check string) string {
	for _, d := range analyzer.Docs() {
		if d.Name == check {
			return d.URL()
		}
	}
	return ""
}
