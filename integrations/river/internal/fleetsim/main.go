package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fleetsim:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	var s setting
	flags := flag.NewFlagSet("fleetsim", flag.ContinueOnError)
	flags.IntVar(&s.Hosts, "hosts", 1000, "how many `hosts`")
	flags.IntVar(&s.Jobs, "jobs", 1_000_000, "how many `jobs`")
	flags.Float64Var(&s.Alpha, "alpha", 1.2, "the tail of the sizes: the smaller, the heavier")
	flags.Float64Var(&s.Load, "load", 0.7, "the `part` of all memory that the jobs ask for while they come")
	flags.Uint64Var(&s.Seed, "seed", 1, "of what is drawn")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.Hosts < 1 || s.Jobs < 1 || s.Alpha <= 0 || s.Load <= 0 {
		return errors.New("-hosts, -jobs, -alpha and -load must be above 0")
	}
	jobs := s.draw()
	mean := int64(0)
	for _, j := range jobs {
		mean += j.Size
	}
	mean /= int64(len(jobs))
	var results []result
	for _, p := range policies(mean) {
		results = append(results, play(s, p, jobs))
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"schema": "syncmem-fleetsim/v1", "setting": s, "results": results})
	}
	_, err := io.WriteString(out, table(s, mean, results))
	return err
}

// table renders the results for a reader.
func table(s setting, mean int64, results []result) string {
	rows := [][]string{{"policy", "memory used", "all done", "over", "worst host", "wait p50", "p99", "max", "largest p50", "max", "asks"}}
	for _, r := range results {
		rows = append(rows, []string{
			r.Policy, percent(r.Utilisation), seconds(r.Seconds), fmt.Sprint(r.Over), percent(r.Worst),
			seconds(r.Wait50), seconds(r.Wait99), seconds(r.WaitMost), seconds(r.Large50), seconds(r.LargeMost), fmt.Sprintf("%.1f", r.Asks),
		})
	}
	m := results[0]
	lines := []string{
		fmt.Sprintf("%d hosts, %d jobs of %s to %s, %s on average (alpha %g), load %s, seed %d",
			s.Hosts, s.Jobs, bytesize.Format(smallest), bytesize.Format(largest), bytesize.Format(mean), s.Alpha, percent(s.Load), s.Seed), "",
	}
	lines = append(lines, text.Table(rows, text.Left)...)
	return strings.Join(append(lines, "",
		"over: admissions past a host's budget; largest: the thousandth part of the jobs that is largest; asks: for each job",
		fmt.Sprintf("bound of memory: the first of those that wait starts within A + P + R = %s + %s + %s = %s; the longest took %s",
			seconds(m.Ask), seconds(rules.Patience.Seconds()), seconds(m.Run), seconds(m.FirstBound), seconds(m.First)),
		fmt.Sprintf("and one behind k others within k + 1 times that; the longest took %s of its bound", percent(m.OfBound)), ""), "\n")
}

func percent(p float64) string { return fmt.Sprintf("%.1f%%", 100*p) }
func seconds(s float64) string { return fmt.Sprintf("%.0fs", s) }
