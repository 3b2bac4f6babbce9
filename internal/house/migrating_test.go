package house

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// around is what the programs of the page call and do not show.
const around = `package migrating

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/sizer"
)

type Package struct{ name string }
type Sum struct{ ok bool }

var (
	account *memacct.Account
	buffers sync.Pool
	_ = sizer.Of[int]
	_ = errors.Join
	_ = semaphore.NewWeighted
	_ errgroup.Group
	_ time.Time
	_ iter.Seq[int]
)

func parse(context.Context, string, func(*Package) error) error { return nil }
func fetch(context.Context, *Package) error { return nil }
func save(context.Context, *Package) error { return nil }
func length(context.Context, string) int64 { return 0 }
func get(context.Context, string) ([]byte, error) { return nil, nil }
func store(context.Context, string, []byte) error { return nil }
func sum(*Package) Sum { return Sum{} }
func read(string, *bytes.Buffer) {}
func write(*bytes.Buffer) error { return nil }
func show(*Package) {}
func refresh() {}
`

// The programs of docs/migrating.md compile, before and after, and differ by as many lines as its table says.
func TestThePageOnMigratingIsTrue(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/migrating.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n// (before|after)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	rows := regexp.MustCompile(`(?m)^\| \[.*\) \| (\d+) \| (\d+) \| (\d+) \|$`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, rows)
	require.Len(t, blocks, 2*len(rows))
	for _, kind := range []string{"before", "after"} {
		program := around
		for _, b := range blocks {
			if b[1] == kind {
				program += b[2]
			}
		}
		dir := filepath.Join(root, "internal", "house", "testdata", "migrating-"+kind)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		require.NoError(t, os.WriteFile(filepath.Join(dir, "program.go"), []byte(program), 0o600))
		out, err := exec.Command("go", "vet", "./testdata/migrating-"+kind).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	for i, row := range rows {
		before, after := strings.Split(strings.TrimSpace(blocks[2*i][2]), "\n"), strings.Split(strings.TrimSpace(blocks[2*i+1][2]), "\n")
		same := common(before, after)
		want := fmt.Sprint([]int{len(before), len(before) - same, len(after) - same})
		var said []int
		for _, cell := range row[1:] {
			n, err := strconv.Atoi(cell)
			require.NoError(t, err)
			said = append(said, n)
		}
		require.Equal(t, want, fmt.Sprint(said), row[0])
	}
}

// common is the length of the longest common subsequence of two texts: the lines that diff leaves alone.
func common(x, y []string) int {
	most := make([][]int, len(x)+1)
	for i := range most {
		most[i] = make([]int, len(y)+1)
	}
	for i := range x {
		for j := range y {
			if x[i] == y[j] {
				most[i+1][j+1] = most[i][j] + 1
			} else {
				most[i+1][j+1] = max(most[i][j+1], most[i+1][j])
			}
		}
	}
	return most[len(x)][len(y)]
}
