package sqlite

import (
	"context"
	"errors"
	"fmt"
)

const (
	// applicationID marks our files in SQLite's header: "SYNC".
	applicationID = 0x53594e43
	// schemaVersion is raised with every change to schemas.
	schemaVersion = int64(len(schemas))
)

// schemas are what each schema version adds to the one before. A file of an earlier one gets what it lacks.
//
// In content, body is the first chunk, tail the others in order. Keys are unique through an index beside the rows, so
// that rows are appended in the order they come and only the index is written at random.
//
// A member says that a repository has content from the version added on, until the version removed, which is NULL
// while the newest has it. So a version costs what it differs from the one before, and old ones can be read.
var schemas = [...]string{`
CREATE TABLE content (
	id   INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	key  TEXT NOT NULL,
	body BLOB NOT NULL,
	UNIQUE (kind, key)
);
CREATE TABLE tail (
	content INTEGER NOT NULL REFERENCES content (id),
	seq     INTEGER NOT NULL,
	data    BLOB NOT NULL,
	PRIMARY KEY (content, seq)
) WITHOUT ROWID;`, `
CREATE TABLE repository (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);
CREATE TABLE version (
	repository INTEGER NOT NULL REFERENCES repository (id),
	number     INTEGER NOT NULL,
	units      INTEGER NOT NULL,
	added      INTEGER NOT NULL,
	removed    INTEGER NOT NULL,
	PRIMARY KEY (repository, number)
) WITHOUT ROWID;
CREATE TABLE member (
	repository INTEGER NOT NULL REFERENCES repository (id),
	content    INTEGER NOT NULL REFERENCES content (id),
	added      INTEGER NOT NULL,
	removed    INTEGER,
	PRIMARY KEY (repository, content, added)
) WITHOUT ROWID;
CREATE TABLE artifact (
	content INTEGER NOT NULL REFERENCES content (id),
	path    TEXT NOT NULL,
	size    INTEGER NOT NULL,
	sum     BLOB NOT NULL,
	url     TEXT NOT NULL,
	kept    INTEGER NOT NULL,
	PRIMARY KEY (content, path)
) WITHOUT ROWID;`}

// migrate makes the schema in an empty file, or what a file of an earlier one lacks, and refuses a foreign one. It runs
// in one transaction, so that two processes may open the same new file.
func (s *db) migrate(ctx context.Context) error {
	return s.transact(ctx, forWriting, func() error {
		version, err := s.version(ctx)
		if err != nil || version == schemaVersion {
			return err
		}
		for ; version < schemaVersion; version++ {
			if _, err := s.conn.ExecContext(ctx, schemas[version]); err != nil {
				return err
			}
		}
		_, err = s.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
			applicationID, schemaVersion))
		return err
	})
}

// version is the schema version of the file: 0 of an empty one.
func (s *db) version(ctx context.Context) (version int64, err error) {
	var app, tables int64
	row := s.conn.QueryRowContext(ctx, `SELECT application_id, user_version,
		(SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version`)
	if err := row.Scan(&app, &version, &tables); err != nil {
		return 0, err
	}
	switch {
	case app == 0 && version == 0 && tables == 0:
		return 0, nil
	case app != applicationID:
		return 0, errors.New("is a database of another program; choose another file")
	case version < 1 || version > schemaVersion:
		return 0, fmt.Errorf("has schema version %d, this program knows versions up to %d; use the program that made it, or another file",
			version, schemaVersion)
	}
	return version, nil
}
