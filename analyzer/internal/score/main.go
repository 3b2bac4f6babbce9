// Command score runs memvet over checkouts of public repositories and compares
// what it finds with labels that people gave by hand.
//
//	go run ./analyzer/internal/score -labels labels.tsv -checkouts DIR
//
// DIR holds one folder a repository, called owner+name, at the commit the
// labels name. The flags of memvet follow after --; without any the parse-all
// shape is on, as the labels cover it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

func main() {
	labels := flag.String("labels", "", "`file` with the labels, tab separated")
	checkouts := flag.String("checkouts", "", "`folder` with the checkouts")
	tool := flag.String("memvet", "", "memvet `binary`; built from this module when empty")
	verbose := flag.Bool("v", false, "list the misses and the false alarms")
	all := flag.Bool("findings", false, "list every finding")
	flag.Parse()
	if *labels == "" || *checkouts == "" {
		fmt.Fprintln(os.Stderr, "score: name the labels with -labels and the folder of the checkouts with -checkouts")
		os.Exit(2)
	}
	if err := run(*labels, *checkouts, *tool, flag.Args(), *verbose, *all); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(labelFile, checkouts, tool string, flags []string, verbose, all bool) error {
	labels, err := readLabels(labelFile)
	if err != nil {
		return err
	}
	tool, cleanup, err := buildTool(tool)
	if err != nil {
		return err
	}
	defer cleanup()
	if len(flags) == 0 {
		flags = []string{"-firststage.returns"}
	}
	var found []finding
	for _, repo := range repos(labels) {
		dir := filepath.Join(checkouts, strings.ReplaceAll(repo, "/", "+"))
		fs, err := vet(tool, repo, dir, flags)
		if err != nil {
			return err
		}
		found = append(found, fs...)
	}
	match(labels, found)
	printTables(labels, found)
	if verbose {
		printMistakes(labels)
	}
	if all {
		for _, f := range found {
			fmt.Printf("%s %s:%d %s %s\n", f.repo, f.file, f.line, f.fn, f.message)
		}
	}
	return nil
}

func printTables(labels []*label, found []finding) {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "roles\tclass\tTP\tFN\tFP\tquiet\tdebatable hit\tprecision\trecall\t\n")
	for _, roles := range [][]string{{"stage", "helper"}, {"stage"}, {"helper"}, {"other"}} {
		for _, class := range append(classes(labels), "all") {
			c := count(labels, roles, class)
			if c.tp+c.fn+c.fp+c.tn+c.debatable > 0 {
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", strings.Join(roles, "+"), class,
					c.tp, c.fn, c.fp, c.tn, c.debatable, ratio(c.tp, c.tp+c.fp), ratio(c.tp, c.tp+c.fn))
			}
		}
	}
	w.Flush()
	fmt.Printf("%d findings in all\n", len(found))
}

func ratio(a, b int) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

func printMistakes(labels []*label) {
	for _, l := range labels {
		switch {
		case l.verdict == "TRUE" && l.hit == nil:
			fmt.Printf("missed       %s %s:%d %s (%s) %s: %s\n", l.repo, l.file, l.line, l.class, l.role, l.fn, l.why)
		case l.verdict == "FALSE" && l.hit != nil:
			fmt.Printf("false alarm  %s %s:%d %s (%s) %s: %s\n             %s\n", l.repo, l.file, l.line, l.class, l.role, l.fn, l.why, l.hit.message)
		}
	}
}
