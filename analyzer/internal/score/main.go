// Command score runs memvet over checkouts of public repositories and compares
// what it finds with labels that people gave by hand.
//
//	go run ./analyzer/internal/score -labels labels.tsv -checkouts DIR
//
// DIR holds one folder a repository, called owner+name, at the commit the
// labels name. memvet runs once, with its findings of low confidence, and both
// modes are judged from that: by default, and with -confidence=low. Further
// flags of memvet follow after --.
//
// The tables give precision and recall with 95 % intervals for every check, by
// mode and by repository. Which doubts make a finding one of low confidence is
// the one thing that was chosen with labels in sight, so a last table chooses
// it anew for every repository from the others' labels and judges the
// repository by that choice. Misses are counted by cause.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	var found []finding
	for _, repo := range repos(labels) {
		dir := filepath.Join(checkouts, strings.ReplaceAll(repo, "/", "+"))
		fs, err := vet(tool, repo, dir, append([]string{"-confidence=low"}, flags...))
		if err != nil {
			return err
		}
		found = append(found, fs...)
	}
	sure, low := judge(labels, sureOf(found)), judge(labels, found)
	printTables(os.Stdout, "default", sure)
	printTables(os.Stdout, "low", low)
	printLeftOut(os.Stdout, labels, found)
	printCauses(os.Stdout, sure, low)
	fmt.Printf("%d findings, %d of them by default\n", len(found), len(sureOf(found)))
	if verbose {
		printMistakes(sure, low)
	}
	if all {
		for _, f := range found {
			fmt.Printf("%s %s:%d %s %s\n", f.repo, f.file, f.line, f.fn, f.message)
		}
	}
	return nil
}

func printMistakes(sure, low []*label) {
	for i, l := range low {
		mode := "low"
		if sure[i].hit != nil || l.verdict == "TRUE" && l.hit != nil {
			mode = "default"
		}
		switch {
		case l.verdict == "TRUE" && sure[i].hit == nil:
			fmt.Printf("missed, %s  %s %s:%d %s (%s) %s: %s\n", mode, l.repo, l.file, l.line, l.class, l.role, l.fn, l.why)
		case l.verdict == "FALSE" && l.hit != nil:
			fmt.Printf("false alarm, %s  %s %s:%d %s (%s) %s: %s\n             %s\n", mode, l.repo, l.file, l.line, l.class, l.role, l.fn, l.why, l.hit.message)
		}
	}
}
