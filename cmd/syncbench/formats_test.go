package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/npm"
)

// TestAsksFor: a registry is asked for the short form of a packument first, and nobody else for any.
func TestAsksFor(t *testing.T) {
	for prefix, accept := range map[string]string{"npm:": npm.Accept, "": "", "deb:": ""} {
		asked := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header.Get("Accept")
			if prefix == "npm:" {
				_, _ = w.Write([]byte(`{"name": "a", "modified": "2020", "versions": {"1": {"name": "a", "version": "1"}}}`))
			}
		}))
		defer server.Close()
		o, err := parse(t, []string{"--source", prefix + server.URL + "/a"})
		require.NoError(t, err)
		src, err := openSource(t.Context(), o)
		require.NoError(t, err)
		n := 0
		for _, err := range src.units(t.Context()) {
			require.NoError(t, err)
			n++
		}
		require.NoError(t, src.Close())
		require.Equal(t, accept, asked)
		require.Equal(t, accept != "", n == 1)
	}
}
