// Command score runs memvet over checkouts of public repositories and compares
// what it finds with labels that people gave by hand.
//
//	go run ./analyzer/internal/score -labels labels.tsv -checkouts DIR
//
// DIR holds one folder a repository, called owner+name, at the commit the
// labels name. memvet runs once, with its findings of low confidence, and both
// modes are judged from that: by default, and with -confidence=low. Further
// flags of memvet follow after --. With -compare go1.27.4 a memvet built with
// that Go runs over the same code, and must find the same without a crash.
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

// settings are the command line.
type settings struct {
	labels, checkouts, tool, compare string
	labelled, verbose, all           bool
	flags                            []string // of memvet
}

func main() {
	var s settings
	flag.StringVar(&s.labels, "labels", "", "`file` with the labels, tab separated")
	flag.StringVar(&s.checkouts, "checkouts", "", "`folder` with the checkouts")
	flag.StringVar(&s.tool, "memvet", "", "memvet `binary`; built from this module when empty")
	flag.StringVar(&s.compare, "compare", "", "instead of scoring, run memvet built with this other Go, as in go1.27.4, over the same and compare what they find")
	flag.BoolVar(&s.verbose, "v", false, "list the misses and the false alarms")
	flag.BoolVar(&s.all, "findings", false, "list every finding")
	flag.BoolVar(&s.labelled, "labelled", false, "run memvet over the packages that have labels alone: of a repository with many dependencies that builds far less")
	flag.Parse()
	s.flags = flag.Args()
	if s.labels == "" || s.checkouts == "" {
		fmt.Fprintln(os.Stderr, "score: name the labels with -labels and the folder of the checkouts with -checkouts")
		os.Exit(2)
	}
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func (s *settings) run() error {
	labels, err := readLabels(s.labels)
	if err != nil {
		return err
	}
	found, err := s.findings(labels, s.tool, "")
	if err != nil {
		return err
	}
	if s.compare != "" {
		other, err := s.findings(labels, "", s.compare)
		if err != nil {
			return err
		}
		return compare(os.Stdout, s.compare, found, other)
	}
	sure, low := judge(labels, sureOf(found)), judge(labels, found)
	printTables(os.Stdout, "default", sure)
	printTables(os.Stdout, "low", low)
	printLeftOut(os.Stdout, labels, found)
	printCauses(os.Stdout, sure, low)
	fmt.Printf("%d findings, %d of them by default\n", len(found), len(sureOf(found)))
	if s.verbose {
		printMistakes(sure, low)
	}
	if s.all {
		for _, f := range found {
			fmt.Println(f)
		}
	}
	return nil
}

// findings are those of every repository, by memvet as it is built with a Go
// toolchain, "" for the one in use.
func (s *settings) findings(labels []*label, tool, toolchain string) ([]finding, error) {
	tool, cleanup, err := buildTool(tool, toolchain)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	var found []finding
	for _, repo := range repos(labels) {
		r := runOf{repo: repo, dir: filepath.Join(s.checkouts, strings.ReplaceAll(repo, "/", "+")), toolchain: toolchain}
		r.args = append([]string{"-format", "json", "-confidence=low"}, s.flags...)
		if s.labelled {
			r.args = append(r.args, folders(of(labels, repo))...)
		} else {
			r.args = append(r.args, "./...")
		}
		fs, err := r.vet(tool)
		if err != nil {
			return nil, err
		}
		found = append(found, fs...)
	}
	return found, nil
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
