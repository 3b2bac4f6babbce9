package main

import (
	"cmp"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/debugpage"
	"github.com/syncmem/syncmem/memacct/memprom"
)

// live serves what --live asks for while the work runs. It is in the process that is measured: its megabyte or so
// counts against the limit, as it would in a service.
type live struct{ server *http.Server }

// checkLive reads --live as far as that goes without listening.
func (o *options) checkLive() error {
	if o.live == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(o.live)
	if n, notNumber := strconv.ParseUint(port, 10, 16); err != nil || notNumber != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("--live: %q is no address: want HOST:PORT or :PORT, such as :6060 for all that reach this machine, or localhost:6060", o.live)
	}
	return nil
}

// serveLive starts to serve and says where. Without an address it does nothing.
func serveLive(address string, b *memacct.Budget) (*live, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--live: %w", err)
	}
	s := &http.Server{Handler: livePages(b), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(&stderr, "syncbench: live: ", 0)}
	go func() { _ = s.Serve(l) }() // it ends with close
	fmt.Fprintf(&stderr, "live: %s\n", liveURL(l.Addr().(*net.TCPAddr), address))
	return &live{s}, nil
}

// livePages are the page, at the root too, and the metrics.
func livePages(b *memacct.Budget) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(memprom.New(b), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	page := debugpage.Handler(b)
	mux := http.NewServeMux()
	mux.Handle("/{$}", page)
	debugpage.Mount(mux, "/debug/memacct", b)
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// liveURL is where the page is, with the port that was chosen if it was 0, and the host as it was asked for.
func liveURL(bound *net.TCPAddr, asked string) string {
	host, _, _ := net.SplitHostPort(asked) // it was listened on
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return "http://" + net.JoinHostPort(cmp.Or(host, "localhost"), strconv.Itoa(bound.Port)) + "/debug/memacct"
}

// close ends the service at once: who looks sees that nobody answers any more.
func (l *live) close() {
	if l != nil {
		_ = l.server.Close() // its listener is closed, whatever it says
	}
}
