package debugpage

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

func TestReadiness(t *testing.T) {
	for name, c := range map[string]struct {
		stats memacct.Stats
		code  int
		text  string
	}{
		"calm":           {memacct.Stats{}, http.StatusOK, "ready"},
		"a gate is shut": {memacct.Stats{Pressure: true, Waiters: 3, Debt: 1 << 20}, http.StatusOK, "ready"},
		"the program collects much, and no limit hurries it": {memacct.Stats{Memory: memacct.MemoryStats{GCCPU: .6}}, http.StatusOK, "ready"},
		"held by collecting alone": {
			memacct.Stats{Process: 64 << 20, Memory: memacct.MemoryStats{GCCPU: .42, Thrashing: true}},
			http.StatusServiceUnavailable,
			"not ready: the limit of 64.0 MiB is held only by collecting garbage, which takes 42% of the processors: raise the limit, or send less work",
		},
	} {
		code, text := readiness(c.stats)
		require.Equal(t, c.code, code, name)
		require.Equal(t, c.text, text, name)
	}
}

func TestReadyAnswers(t *testing.T) {
	h := Ready(stillBudget(t))
	for method, code := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/ready", nil))
		require.Equal(t, code, w.Code, method)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		if code == 200 {
			require.Equal(t, "ready\n", w.Body.String())
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
	}
	require.Panics(t, func() { Ready(nil) })
}
