package deb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoot(t *testing.T) {
	for dir, want := range map[string]string{
		"https://example.org/debian/dists/bookworm":           "https://example.org/debian",
		"https://example.org/debian/dists/bookworm-x/updates": "https://example.org/debian",
		"https://example.org/dists/dists/bookworm":            "https://example.org/dists",
		"https://example.org/flat":                            "https://example.org/flat",
		"/srv/debian/dists/stable":                            "/srv/debian",
		"dists/stable":                                        ".",
		"/dists/stable":                                       "/",
		".":                                                   ".",
	} {
		require.Equal(t, want, (&Repository{dir: dir}).Root(), dir)
	}
	require.Equal(t, "https://u:p@example.org/flat?key=1", (&Repository{dir: "https://u:p@example.org/flat", query: "key=1"}).Root())
}
