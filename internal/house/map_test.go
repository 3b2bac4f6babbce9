package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The files and folders that CONTRIBUTING.md sends its readers to are there.
func TestTheMapIsTrue(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	rows := regexp.MustCompile(`(?m)^\|[^|]+\|(.*)\|$`).FindAllStringSubmatch(text, -1)
	paths := regexp.MustCompile("`([a-z]+/[a-zA-Z0-9_./]+)`")
	n := 0
	for _, row := range rows {
		for _, p := range paths.FindAllStringSubmatch(row[1], -1) {
			_, err := os.Stat(filepath.Join(root, p[1]))
			require.NoError(t, err)
			n++
		}
	}
	require.Greater(t, n, 20, "the tables were found")
	_, rooms, _ := strings.Cut(text, "## Where things are\n\n```\n")
	rooms, _, found := strings.Cut(rooms, "```")
	require.True(t, found)
	for _, dir := range regexp.MustCompile(`(?m)^(\w+(?:/\w+)*)/ `).FindAllStringSubmatch(rooms, -1) {
		require.DirExists(t, filepath.Join(root, dir[1]))
	}
	for _, dir := range regexp.MustCompile(`(?m)^  (internal/\w+)/ `).FindAllStringSubmatch(rooms, -1) {
		require.DirExists(t, filepath.Join(root, "memacct", dir[1]))
	}
}
