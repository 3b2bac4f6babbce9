package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/syncmem/syncmem/analyzer"
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
		unitchecker.Main(analyzer.All()...) // never returns
	}
	os.Exit(run(args, os.Stdout, os.Stderr))
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
	return o.run(stdout, stderr)
}
