package main

import (
	"context"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
)

// way is one way to have units saved in batches, in bounded memory or so.
type way struct {
	name    string
	wiring  string   // the function that has it all
	numbers []string // that the user must choose
	run     func(ctx context.Context, limit int64, units iter.Seq2[unit, error], s *sink) error
}

// ways are all; ours is the last. Each has its wiring in one function, also where two of them share lines: they are counted.
var ways = []way{
	{"channel of 1000", "overChannel", []string{"slots"}, channelOf(1000)},
	{"channel of 1", "overChannel", []string{"slots"}, channelOf(1)},
	{"channel and x/sync semaphore", "overSemaphore", []string{"bytes", "flush after"}, overSemaphore},
	{"destel/rill", "overRill", nil, overRill},
	{"OpenTelemetry exporterhelper", "overExporterhelper", []string{"queue bytes", "least batch bytes", "most batch bytes", "flush after"}, overExporterhelper},
	{ours, "overMemacct", nil, overMemacct},
}

const ours = "memacct"

//go:embed channel.go semaphore.go rill.go otel.go memacct.go
var sources embed.FS

// lines is how many lines of code, comments left out, the function has that wires a way.
func (w way) lines() (int, error) {
	files, err := sources.ReadDir(".")
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		text, err := sources.ReadFile(f.Name())
		if err != nil {
			return 0, err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, f.Name(), text, 0)
		if err != nil {
			return 0, err
		}
		for _, d := range parsed.Decls {
			if fn, is := d.(*ast.FuncDecl); is && fn.Name.Name == w.wiring {
				return set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1, nil
			}
		}
	}
	return 0, fmt.Errorf("%s: no function %s in its source", w.name, w.wiring)
}
