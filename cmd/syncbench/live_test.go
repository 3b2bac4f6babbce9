package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startLive runs the command with --live until the test ends, and returns where its page is.
func startLive(t *testing.T, args ...string) string {
	cmd := exec.Command("syncbench", append([]string{"run", "-q", "--limit=512MiB", "--live=127.0.0.1:0", "--source=synth:file-flat,sink=20ms"}, args...)...)
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `^live: http://127\.0\.0\.1:\d+/debug/memacct\n$`, line)
	return strings.TrimSpace(strings.TrimPrefix(line, "live: "))
}

func get(t *testing.T, url string) string {
	r, err := http.Get(url)
	require.NoError(t, err)
	defer r.Body.Close()
	require.Equal(t, http.StatusOK, r.StatusCode, url)
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(text)
}

func TestLive(t *testing.T) {
	t.Parallel()
	url := startLive(t)
	require.Contains(t, get(t, url), "process may use 512.0 MiB")
	require.Contains(t, get(t, url+"?format=html"), "?file=page.js")
	require.Contains(t, get(t, strings.TrimSuffix(url, "debug/memacct")), "process may use 512.0 MiB")
	metrics := get(t, strings.Replace(url, "debug/memacct", "metrics", 1))
	require.Contains(t, metrics, "\nmemacct_process_limit_bytes 5.36870912e+08\n")
	require.Contains(t, metrics, "\ngo_goroutines ")
	r, err := http.Get(strings.Replace(url, "debug/memacct", "debug/pprof", 1))
	require.NoError(t, err)
	r.Body.Close()
	require.Equal(t, http.StatusNotFound, r.StatusCode)
}

// A control has no budget; its memory can be watched all the same.
func TestLiveControl(t *testing.T) {
	t.Parallel()
	text := get(t, startLive(t, "--mode=count"))
	require.Contains(t, text, "mode shadow")
	require.Regexp(t, `process   resident `, text)
}

func TestLiveAddress(t *testing.T) {
	for asked, want := range map[string]string{
		":6060": "localhost:7", "localhost:0": "localhost:7", "0.0.0.0:0": "localhost:7", "[::]:0": "localhost:7",
		"[::1]:6060": "[::1]:7", "10.0.0.5:80": "10.0.0.5:7",
	} {
		require.Equal(t, "http://"+want+"/debug/memacct", liveURL(&net.TCPAddr{Port: 7}, asked))
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	out, err := exec.Command("syncbench", "run", "-q", "--live", taken.Addr().String()).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "syncbench: --live: listen tcp 127.0.0.1:")
}
