package main

import (
	"errors"
	"io"
	"log"
	"math/bits"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var servedFile = strings.Repeat("0123456789", 10_000)

// served asks a server with these flags for the file.
func served(t *testing.T, s *server) (status int, body []byte, header http.Header, err error) {
	require.NoError(t, s.check())
	s.quiet = true
	h := httptest.NewUnstartedServer(s.handler(fstest.MapFS{"a": {Data: []byte(servedFile)}}))
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.Start()
	defer h.Close()
	defer h.CloseClientConnections()
	client := h.Client()
	client.Timeout = 10 * time.Second
	if s.faultText == "stall=1" {
		client.Timeout = 200 * time.Millisecond
	}
	r, err := client.Get(h.URL + "/a")
	if err != nil {
		return 0, nil, nil, err
	}
	defer r.Body.Close()
	body, err = io.ReadAll(r.Body)
	return r.StatusCode, body, r.Header, err
}

func TestServeFaults(t *testing.T) {
	half := servedFile[:len(servedFile)/2]
	status, body, _, err := served(t, new(server))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, servedFile, string(body))

	_, body, _, err = served(t, &server{faultText: "truncate=1"})
	require.NoError(t, err, "nothing says that it is cut")
	require.Equal(t, half, string(body))

	_, body, _, err = served(t, &server{faultText: "reset=1"})
	require.Error(t, err)
	require.True(t, strings.HasPrefix(half, string(body)))

	_, body, _, err = served(t, &server{faultText: "stall=1"})
	var timeout interface{ Timeout() bool }
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	require.True(t, strings.HasPrefix(half, string(body)))

	_, body, _, err = served(t, &server{faultText: "corrupt=1"})
	require.NoError(t, err)
	require.Len(t, body, len(servedFile))
	differ := 0
	for i, b := range body {
		differ += bits.OnesCount8(b ^ servedFile[i])
	}
	require.Equal(t, 1, differ, "bits")

	for _, code := range []string{"429", "503"} {
		status, _, header, err := served(t, &server{faultText: code + "=1", retryAfter: 7 * time.Second})
		require.NoError(t, err)
		require.Equal(t, code, strconv.Itoa(status))
		require.Equal(t, "7", header.Get("Retry-After"))
	}
}

// The same seed has the same requests go wrong, in about the parts that were asked for.
func TestServePicksBySeed(t *testing.T) {
	s, again, other := &server{faultText: "reset=0.2,503=0.1", seed: 1}, &server{faultText: "reset=0.2,503=0.1", seed: 1}, &server{faultText: "reset=0.2,503=0.1", seed: 2}
	for _, s := range []*server{s, again, other} {
		require.NoError(t, s.check())
	}
	count, same := map[string]int{}, true
	for i := range uint64(10_000) {
		f := s.pick(i)
		count[f]++
		require.Equal(t, f, again.pick(i))
		same = same && f == other.pick(i)
	}
	require.False(t, same)
	require.InDelta(t, 2000, count[faultReset], 200)
	require.InDelta(t, 1000, count[faultDown], 150)
}

func TestServePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{bandwidthText: "10000B", delay: 3 * time.Second, quiet: true}
		require.NoError(t, s.check())
		began := time.Now()
		w := httptest.NewRecorder()
		s.handler(fstest.MapFS{"a": {Data: []byte(servedFile)}}).ServeHTTP(w, httptest.NewRequest("GET", "/a", nil).WithContext(t.Context()))
		require.Equal(t, servedFile, w.Body.String())
		require.Equal(t, 13*time.Second, time.Since(began).Round(100*time.Millisecond), "100,000 bytes, 10,000 a second, and the delay")
	})
}
