package main

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/sizer"
)

func unitsCommand() *cobra.Command {
	o, top := new(options), 0
	c := &cobra.Command{
		Use:   "units",
		Short: "Print each unit of a source as one line of JSON, or the heaviest as a table",
		Long: `units reads a source and prints each unit as one line of JSON: its kind, its key, the bytes of heap that it
keeps alive, and beside them whatever a store keeps of it. With --top it prints the heaviest units as a table
instead. It holds one unit at a time, and the names of those in the table.

Sources:
` + sourcesHelp() + `
The names of synth: sources, each with its keys and their defaults:
` + synth.Help() + `
Exit codes: 0 all units were printed; 1 the source can't be read, or only a part of it; 2 wrong usage.`,
		Example: `  syncbench units --source rpm:https://example.org/repo/ | jq -r 'select(.arch == "noarch") | .name'
  syncbench units --source rpm:repo --top 10
  syncbench units --source deb:Packages.xz --top 10`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if top < 0 || c.Flags().Changed("top") && top == 0 {
				return fmt.Errorf("--top %d: want 1 unit or more", top)
			}
			if err := cmp.Or(o.checkSource(), o.checkReading()); err != nil {
				return err
			}
			out := bufio.NewWriterSize(os.Stdout, 64<<10)
			err := printUnits(c.Context(), o, top, out)
			if e := out.Flush(); err == nil {
				err = e
			}
			if err != nil {
				return failed(err)
			}
			return nil
		},
	}
	o.registerSource(c)
	c.Flags().IntVar(&top, "top", 0, "print the heaviest `units` as a table, instead of all as JSON")
	return c
}

// printUnits prints all units of a source, or the heaviest.
func printUnits(ctx context.Context, o *options, top int, out io.Writer) error {
	src, err := openSource(ctx, o)
	if err != nil {
		return err
	}
	defer src.Close()
	all := heaviest{most: top}
	for u, err := range src.units(ctx) {
		if err != nil {
			return err
		}
		bytes := sizer.Of(u)
		if top > 0 {
			all.add(u, bytes)
		} else if err := printUnit(out, u, bytes); err != nil {
			return err
		}
	}
	if top > 0 {
		return all.print(out)
	}
	return nil
}

// printUnit prints the unit as one object in one line.
func printUnit(out io.Writer, u contentmodel.Unit, bytes int64) error {
	key, err := json.Marshal(u.Key())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, `{"kind":%q,"key":%s,"bytes":%d`, u.Kind(), key, bytes); err != nil {
		return err
	}
	if err := u.WriteBody(&inside{w: out}); err != nil {
		return err
	}
	_, err = io.WriteString(out, "\n")
	return err
}

// inside writes an object as the rest of one that has begun: its brace becomes a comma, if any member follows.
type inside struct {
	w    io.Writer
	seen int // bytes of the beginning
}

func (i *inside) Write(p []byte) (int, error) {
	n := len(p)
	for ; i.seen < 2 && len(p) > 0; i.seen++ {
		c := p[0]
		p = p[1:]
		if i.seen == 0 {
			continue // {
		}
		before := ","
		if c == '}' {
			before = ""
		}
		if _, err := i.w.Write([]byte(before + string(c))); err != nil {
			return 0, err
		}
	}
	if _, err := i.w.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}

// heaviest keeps so many of the heaviest units, by what is printed of them.
type heaviest struct {
	most, n int
	bytes   int64
	rows    rows
}

type row struct {
	bytes      int64
	kind, name string
}

// rows is a heap with the lightest on top.
type rows []row

func (r rows) Len() int           { return len(r) }
func (r rows) Less(i, j int) bool { return r[i].bytes < r[j].bytes }
func (r rows) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *rows) Push(x any)        { *r = append(*r, x.(row)) }
func (r *rows) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

func (h *heaviest) add(u contentmodel.Unit, bytes int64) {
	h.n++
	h.bytes += bytes
	if len(h.rows) == h.most && h.rows[0].bytes >= bytes {
		return
	}
	heap.Push(&h.rows, row{bytes, u.Kind(), nameOf(u)})
	if len(h.rows) > h.most {
		heap.Pop(&h.rows)
	}
}

func (h *heaviest) print(out io.Writer) error {
	slices.SortFunc(h.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name))
	})
	for _, r := range h.rows {
		if _, err := fmt.Fprintf(out, "%12s  %-5s %s\n", bytesize.Format(r.bytes), r.kind, printable(r.name)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%12s  in %d units, %s each\n", bytesize.Format(h.bytes), h.n, bytesize.Format(h.bytes/int64(max(h.n, 1))))
	return err
}

// printable is s without anything that a terminal would act on.
func printable(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// registerSource makes the flags that say what to read.
func (o *options) registerSource(c *cobra.Command) {
	c.Flags().StringVar(&o.source, "source", "synth:rpm-mixed", "the `source` to read, see Sources above")
	o.registerReading(c)
}
