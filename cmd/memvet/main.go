package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/syncmem/syncmem/analyzer"
	"github.com/syncmem/syncmem/analyzer/firststage"
)

// The exit codes of memvet run by itself. As go vet's tool it has vet's.
const (
	exitClean    = 0
	exitFailed   = 1 // some package could not be analyzed; the others were
	exitUsage    = 2
	exitFindings = 3
)

func main() {
	args := os.Args[1:]
	if byGo(args) {
		if strings.HasPrefix(args[0], "-V") { // asked for once a run
			exitIfTooOld()
			dropOldFacts()
			os.Exit(printVersion(os.Stdout, os.Stderr))
		}
		if code, done := keptFacts(args); done {
			os.Exit(code)
		}
		short(flag.CommandLine, "confidence", "baseline")
		unitchecker.Main(analyzer.All()...) // never returns
	}
	os.Exit(run(args, os.Stdout, os.Stderr))
}

// short gives settings of the checks their short names: go vet passes on every
// flag of the tool, and these are for everybody.
func short(fs *flag.FlagSet, names ...string) {
	for _, name := range names {
		f := firststage.Analyzer.Flags.Lookup(name)
		fs.Var(f.Value, f.Name, f.Usage)
	}
}

// byGo reports whether the go command is calling: it asks for the version and
// the flags first, and then names a unit's config file.
func byGo(args []string) bool {
	if len(args) == 0 {
		return false
	}
	last := args[len(args)-1]
	return strings.HasSuffix(last, ".cfg") || strings.HasPrefix(args[0], "-V") || args[0] == "-flags"
}

func run(args []string, stdout, stderr *os.File) int {
	if len(args) > 0 {
		switch args[0] {
		case "explain", "help", "-h", "-help", "--help":
			return explain(args[1:], stdout, stderr)
		}
	}
	o, err := parseArgs(args)
	if err != nil {
		fmt.Fprintln(stderr, "memvet:", err)
		return exitUsage
	}
	exitIfTooOld()
	return o.run(stdout, stderr)
}
