package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRebuild(t *testing.T) {
	for _, c := range []struct {
		built, used string
		old         bool
	}{
		{"go1.26.8", "go1.26.8", false},
		{"go1.26", "go1.26.9", false},
		{"go1.27.1", "go1.26.8", false},
		{"go1.26.8", "go1.27.4", true},
		{"go1.26.8 X:jsonv2", "go1.27.4-vendor", true},
		{"go1.9", "go1.10", true},
		{"devel go1.28-abc", "go1.27.4", false},
		{"go1.26.8", "devel go1.28-abc", false},
	} {
		said := rebuild(c.built, c.used)
		require.Equal(t, c.old, said != "", "%s with %s: %s", c.built, c.used, said)
	}
	require.Contains(t, rebuild("go1.26.8", "go1.27.4"), "rebuild memvet with Go 1.27 or later")
}
