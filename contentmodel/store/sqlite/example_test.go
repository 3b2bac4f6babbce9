package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
)

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "content.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	units := []contentmodel.Unit{&file.File{Path: "a.txt", Size: 3}, &file.File{Path: "b.txt", Size: 5}}
	for range 2 {
		n, err := s.Save(ctx, units)
		fmt.Println(n, "new", err)
	}
	// Output:
	// 2 new <nil>
	// 0 new <nil>
}
