package artifact

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
)

// TestRetryAfter: seconds or a date, and never longer than MaxWait.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that it is one moment
		for text, want := range map[string]time.Duration{
			"7":                    7 * time.Second,
			"0":                    0,
			"-1":                   0,
			"soon":                 0,
			"":                     0,
			"100000000000000":      time.Minute,
			"99999999999999999999": 0,
			time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat): 20 * time.Second,
			time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):       0,
			time.Now().Add(time.Hour).UTC().Format(http.TimeFormat):        time.Minute,
		} {
			err := busy(&http.Response{Status: "503 Busy", Header: http.Header{"Retry-After": {text}}}, time.Minute)
			require.EqualError(t, err, "server answered 503 Busy")
			after := time.Duration(0)
			if a, ok := errors.AsType[*backoff.RetryAfterError](err); ok {
				after = a.Duration
			}
			require.Equal(t, want, after, text)
		}
	})
}
