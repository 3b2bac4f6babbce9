package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// The test binary is the command, too: scripts run it as a process of its own.
// Under the race detector a process sleeps a second before it ends, which a hundred of them need not.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	testscript.Main(m, map[string]func(){"syncbench": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(e *testscript.Env) error { e.Setenv("GORACE", os.Getenv("GORACE")); return nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "complains": complains, "kept": kept, "serve": serve,
			"manifest": makeInput(manifest), "packages": makeInput(packages),
			"compress": compress, "endless": endless, "cut": damage(cutInHalf), "flip": damage(flipByte), "garbage": damage(withGarbage),
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Geteuid() == 0, nil
			case "race":
				return raceEnabled, nil
			case "cgroup":
				return canWall(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// raceEnabled says that the race detector is on: its own memory breaks small limits. See race_test.go.
var raceEnabled bool

// canWall reports whether a cgroup can be made here.
func canWall() bool {
	_, err := wall.Run(context.Background(), 1<<30, exec.Command("true"))
	return err == nil
}

// exits CODE[,CODE...] COMMAND ARGS... runs a command and wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE[,CODE] COMMAND ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s\n%s%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// asideLine is what is shown every few seconds without a terminal, or a warning that the run goes on after.
var asideLine = regexp.MustCompile(`^( *\d+s  \d+ units|level=WARN msg="memacct: (the gate is shut for a moment: |the limit of [^ ]+ [^ ]+ is held only ))`)

// complains REGEXP wants one line on stderr beside progress and warnings, which matches, no stack trace, and no result that
// says the limit held.
func complains(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: complains REGEXP")
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(ts.ReadFile("stderr")), "\n"), asideLine.MatchString)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "syncbench: ") || !regexp.MustCompile(args[0]).MatchString(lines[0]) {
		ts.Fatalf("want one line that matches %q, have:\n%s", args[0], strings.Join(lines, "\n"))
	}
	for _, bad := range []string{"goroutine ", "panic", "HELD", `"held"`, "%!"} {
		if strings.Contains(ts.ReadFile("stderr")+ts.ReadFile("stdout"), bad) {
			ts.Fatalf("%q in:\n%s%s", bad, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}

var savedForGood = regexp.MustCompile(`saved for good: (\d+)`)

// kept FILE N wants a store with N units in it that opens; where N is "said" it is what the last command said
// on stderr.
func kept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: kept FILE N|said")
	}
	want := args[1]
	if want == "said" {
		m := savedForGood.FindStringSubmatch(ts.ReadFile("stderr"))
		if m == nil {
			ts.Fatalf("stderr says nothing of units saved:\n%s", ts.ReadFile("stderr"))
		}
		want = m[1]
	}
	n, err := countKept(ts.MkAbs(args[0]))
	ts.Check(err)
	if strconv.FormatInt(n, 10) != want {
		ts.Fatalf("%s has %d units, want %s", args[0], n, want)
	}
}

// countKept opens a store and counts its units.
func countKept(path string) (int64, error) {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return 0, err
	}
	n, err := st.Count(ctx)
	return n, errors.Join(err, st.Close())
}
