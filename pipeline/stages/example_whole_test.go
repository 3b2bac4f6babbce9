package stages_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
	"github.com/syncmem/syncmem/sizer"
)

// mirror syncs the file repository at a path or URL, whole, into a folder: its units, its files and a version of it.
func mirror(ctx context.Context, from, into string) error {
	budget, err := memacct.New(memacct.Config{}) // the limit is found out
	if err != nil {
		return err
	}
	defer budget.Close(ctx)
	account := budget.Account("files")
	kept := store.Discard() // which keeps nothing: sqlite.Open(ctx, name) or postgres.Open(ctx, url) does
	defer kept.Close()
	folder, err := artifact.Open(into, artifact.FolderOptions{})
	if err != nil {
		return err
	}
	defer folder.Close()
	downloader, err := artifact.New(artifact.Options{Folder: folder, Mirrors: []artifact.Mirror{{Location: from}}, Charge: account.Charge})
	if err != nil {
		return err
	}
	defer downloader.Close()

	read := func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		in, err := source.Open(ctx, from+"/PULP_MANIFEST", source.Options{})
		if err != nil {
			return err
		}
		defer in.Close()
		for f, err := range (file.Options{}).Read(in.Name(), in) {
			if err != nil {
				return err
			}
			if err := out.Put(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}
	sync := stages.Sync{Store: kept, Repository: "files", Fetcher: downloader, Folder: folder, Downloads: 10}
	cfg := pipeline.Config[contentmodel.Unit]{Account: account, Size: sizer.Of[contentmodel.Unit]}
	v, _, err := sync.Run(ctx, cfg, read)
	if err != nil {
		return err
	}
	fmt.Printf("version %d: %d units; %d files downloaded\n", v.Number, v.Units, sync.Downloaded.Artifacts())
	return nil
}

// A whole sync: units, their files, and a version of the repository. Again, it downloads nothing.
func Example_whole() {
	from, into := repository("a.txt,2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6,1\n"+
		"b.txt,18ac3e7343f016890c510e93f935261169d9e3f565436429830faf0934f4f8e4,1\n"), must(os.MkdirTemp("", "mirror"))
	defer os.RemoveAll(from)
	defer os.RemoveAll(into)
	fmt.Println(mirror(context.Background(), from, into))
	fmt.Println(mirror(context.Background(), from, into))
	// Output:
	// version 1: 2 units; 2 files downloaded
	// <nil>
	// version 1: 2 units; 0 files downloaded
	// <nil>
}

// repository is one with that manifest, and with the files c and d in it under the names a.txt and b.txt.
func repository(manifest string) string {
	dir := must(os.MkdirTemp("", "repository"))
	for name, body := range map[string]string{"PULP_MANIFEST": manifest, "a.txt": "c", "b.txt": "d"} {
		must(0, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600))
	}
	return dir
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
