package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
)

// readers is how many calls can read at once; each has a page cache.
const readers = 2

// pragmas of every connection. A larger cache makes saving random keys faster,
// at the price of memory no budget sees; mmap would count the file as ours.
const (
	writePragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
		PRAGMA cache_size = -2048; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 8388608;
		PRAGMA temp_store = FILE; PRAGMA temp.cache_size = -1024;`
	readPragmas = "_pragma=query_only(1)&_pragma=cache_size(-512)&_pragma=mmap_size(0)&"
	busyPragma  = "_pragma=busy_timeout(5000)"
)

// Open opens the store in the file at path, or makes it. A file that is not
// ours is refused and left as it is; one that an earlier program of ours made is
// made ready for versions. Errors are one line that names the file.
// The caller must Close the store.
func Open(ctx context.Context, path string) (store.Versioned, error) {
	s := &db{path: path, calls: calls.New(), drafts: make(map[*draft]struct{})}
	if err := s.open(ctx); err != nil {
		err = s.explain(err)
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *db) open(ctx context.Context) error {
	uri, err := fileURI(s.path)
	if err != nil {
		return err
	}
	if s.writer, err = sql.Open("sqlite", uri+"?"+busyPragma); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if s.conn, err = s.writer.Conn(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, writePragmas); err != nil {
		return err
	}
	if s.reader, err = sql.Open("sqlite", uri+"?"+readPragmas+busyPragma); err != nil {
		return err
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	return s.prepare(ctx)
}

// fileURI spells the path so that SQLite takes every character of it for
// itself.
func fileURI(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("want the path of a file")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", errors.New("is a directory; name a file inside it")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(abs)
	if slashed[0] != '/' { // a Windows drive
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed}).String(), nil
}
