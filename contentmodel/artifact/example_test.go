package artifact_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/memacct"
)

// The artifacts of a unit, from the second of two mirrors; the memory of downloads is on the account of the sync.
func Example() {
	first := httptest.NewServer(http.NotFoundHandler())
	defer first.Close()
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer second.Close()
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = budget.Close(context.Background()) }()
	dir, err := os.MkdirTemp("", "artifacts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	folder, err := artifact.Open(dir, artifact.FolderOptions{InFlight: 1 << 30})
	if err != nil {
		log.Fatal(err)
	}
	defer folder.Close()
	d, err := artifact.New(artifact.Options{
		Folder:  folder,
		Mirrors: []artifact.Mirror{{Location: first.URL}, {Location: second.URL, Username: "me", Password: "secret"}},
		Charge:  budget.Account("downloads").Charge,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	hello, _ := contentmodel.ParseChecksum("md5", "5d41402abc4b2a76b9719d911017c592")
	for range 2 {
		res, err := d.Fetch(context.Background(), contentmodel.Artifact{Path: "pool/h/hello.deb", Size: 5, Sum: hello})
		fmt.Println(res.Bytes, "bytes, there already:", res.Kept, err)
	}
	// Output:
	// 5 bytes, there already: false <nil>
	// 5 bytes, there already: true <nil>
}
