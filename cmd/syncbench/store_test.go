package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoreNames(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "sqlite:a b": "sqlite:a b", "sqlite:\n": "sqlite:\n", "discard": "discard",
		"postgres://u:secret@h/db": "postgres://...", "postgresql://h/db?password=secret": "postgres://...",
	} {
		o, err := parse(t, []string{"--store", given})
		require.NoError(t, err)
		require.Equal(t, want, o.storeName())
	}
	for _, name := range []string{"sqlite:", "sqlite", "discard:", "discards", "postgres:", "mysql://h/db"} {
		_, err := parse(t, []string{"--store", name})
		require.ErrorContains(t, err, "is none of sqlite:FILE, postgres://..., discard")
	}
}
