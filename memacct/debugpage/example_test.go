package debugpage_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/debugpage"
)

func ExampleHandler() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	debugpage.Mount(mux, "/debug/memacct", budget)
	server := httptest.NewServer(mux) // or http.ListenAndServe("localhost:6060", mux)
	defer server.Close()

	answer, err := http.Get(server.URL + "/debug/memacct?format=text")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Split(string(text), "\n")[2])
	// Output: limit     64.0 MiB of content (given); the process is not limited
}
