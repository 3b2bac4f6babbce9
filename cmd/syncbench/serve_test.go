package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// servers are the ways in which a server answers with data, well or badly. A handler that hangs does so until
// its client goes away.
var servers = map[string]func(http.ResponseWriter, *http.Request, []byte){
	"well":    func(w http.ResponseWriter, _ *http.Request, data []byte) { w.Write(data) },
	"404":     func(w http.ResponseWriter, r *http.Request, _ []byte) { http.NotFound(w, r) },
	"500":     func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusInternalServerError) },
	"chunked": func(w http.ResponseWriter, _ *http.Request, data []byte) { half(w, data); w.Write(data[len(data)/2:]) },
	"silent":  func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() },
	"stalling": func(w http.ResponseWriter, r *http.Request, data []byte) {
		half(w, data)
		<-r.Context().Done()
	},
	"short": func(w http.ResponseWriter, _ *http.Request, data []byte) { // says more than it sends
		w.Header().Set("Content-Length", fmt.Sprint(len(data)+1000))
		w.Write(data)
	},
	"login": func(w http.ResponseWriter, r *http.Request, data []byte) { // leads everyone to a page, with status 200
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login?back="+r.URL.Path, http.StatusFound)
			return
		}
		w.Write(data)
	},
	"resetting": func(w http.ResponseWriter, _ *http.Request, data []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		half(w, data)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		conn.(*net.TCPConn).SetLinger(0) // a close is a reset then
		conn.Close()
	},
}

// half sends the first half at once.
func half(w http.ResponseWriter, data []byte) {
	w.Write(data[:len(data)/2])
	_ = http.NewResponseController(w).Flush()
}

// serve HOW FILE starts a server and sets $URL to its only page. One that is "refused" is gone already.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve HOW FILE")
	}
	data, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	answer := servers[args[0]]
	if answer == nil && args[0] != "refused" {
		ts.Fatalf("no server %q", args[0])
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, data) }))
	ts.Setenv("URL", server.URL+"/"+args[1])
	if answer == nil {
		server.Close()
		return
	}
	ts.Defer(func() {
		server.CloseClientConnections() // ends handlers that hang
		server.Close()
	})
}
