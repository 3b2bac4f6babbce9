package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// A manifest that is cut short is an error, not a shorter manifest.
func Example() {
	dir, err := os.MkdirTemp("", "source")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "PULP_MANIFEST.gz")
	if err := os.WriteFile(path, []byte("\x1f\x8b\x08\x00\x00\x00"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	s, err := source.Open(context.Background(), path, source.Options{})
	if err != nil {
		fmt.Println(err.Error()[len(dir)+1:])
		return
	}
	defer s.Close()
	for f, err := range file.Read(s.Name(), s) {
		fmt.Println(f, err)
	}
	// Output: PULP_MANIFEST.gz: truncated gzip data: ends after 6 bytes: unexpected EOF; fetch it again
}
