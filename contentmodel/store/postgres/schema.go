package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// schemaVersion is raised with every change to schemas.
const schemaVersion = len(schemas) - 1

// lock makes two programs that start at once take turns (the number is "SYNC").
const lock = "SELECT pg_advisory_xact_lock(1398361667)"

// schemas are what each schema version adds to the one before, from version 1 on. A database of an earlier one gets what
// it lacks. Names are our own, because a database may be shared.
//
// The body's first chunk is chunk 0. A member says that a repository has content from the version added on, until the
// version removed, which is NULL while the newest has it. So a version costs what it differs from the one before, and
// old ones can be read. The place of an artifact is the SHA-256 of its path, which may be too long for an index.
var schemas = [...]string{1: `
CREATE TABLE syncmem_content (
	id   bytea PRIMARY KEY,
	kind text  NOT NULL,
	key  bytea NOT NULL
);
CREATE TABLE syncmem_body (
	id   bytea NOT NULL,
	seq  int   NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (id, seq)
);`, 2: `
CREATE TABLE syncmem_repository (
	id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE syncmem_version (
	repository bigint NOT NULL,
	number     bigint NOT NULL,
	units      bigint NOT NULL,
	added      bigint NOT NULL,
	removed    bigint NOT NULL,
	PRIMARY KEY (repository, number)
);
CREATE TABLE syncmem_member (
	repository bigint NOT NULL,
	id         bytea  NOT NULL,
	added      bigint NOT NULL,
	removed    bigint,
	PRIMARY KEY (repository, id, added)
);
CREATE TABLE syncmem_artifact (
	id    bytea   NOT NULL,
	place bytea   NOT NULL,
	path  bytea   NOT NULL,
	size  bigint  NOT NULL,
	sum   bytea   NOT NULL,
	url   bytea   NOT NULL,
	kept  boolean NOT NULL,
	PRIMARY KEY (id, place)
);`}

// tables asks what there is by our names, whatever it is, and made are the answers where we made it.
const tables = `
SELECT coalesce(string_agg(t, ' ' ORDER BY t COLLATE "C"), '') FROM (
	SELECT relname || '(' || coalesce(string_agg(attname || ' ' || format_type(atttypid, NULL), ',' ORDER BY attnum), '') || ')' AS t
	FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
	WHERE pg_class.oid IN (to_regclass('syncmem_artifact'), to_regclass('syncmem_body'), to_regclass('syncmem_content'),
		to_regclass('syncmem_member'), to_regclass('syncmem_repository'), to_regclass('syncmem_schema'), to_regclass('syncmem_version'))
	GROUP BY relname) AS have`

const versionTable = "syncmem_schema(version integer)"

var made = [...]string{
	1: "syncmem_body(id bytea,seq integer,data bytea) syncmem_content(id bytea,kind text,key bytea) " + versionTable,
	2: "syncmem_artifact(id bytea,place bytea,path bytea,size bigint,sum bytea,url bytea,kept boolean) " +
		"syncmem_body(id bytea,seq integer,data bytea) syncmem_content(id bytea,kind text,key bytea) " +
		"syncmem_member(repository bigint,id bytea,added bigint,removed bigint) syncmem_repository(id bigint,name text) " + versionTable +
		" syncmem_version(repository bigint,number bigint,units bigint,added bigint,removed bigint)",
}

// migrate makes the tables that are not there. What another program made by their names is refused before anything is
// made, and left as it is.
func (s *db) migrate(ctx context.Context) error {
	return s.transact(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock); err != nil {
			return err
		}
		version, err := version(ctx, tx)
		if err != nil {
			return err
		}
		// A server that takes no changes says so even where there is nothing to make.
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS syncmem_schema (version int NOT NULL)"); err != nil || version == schemaVersion {
			return err
		}
		_, err = tx.Exec(ctx, strings.Join(schemas[version+1:], "")+
			fmt.Sprintf("DELETE FROM syncmem_schema; INSERT INTO syncmem_schema VALUES (%d);", schemaVersion))
		return err
	})
}

// version is the schema version of the database: 0 of an empty one.
func version(ctx context.Context, tx pgx.Tx) (version int, err error) {
	var have string
	if err := tx.QueryRow(ctx, tables).Scan(&have); err != nil || have == "" {
		return 0, err
	}
	if strings.Contains(have, versionTable) {
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM syncmem_schema").Scan(&version); err != nil {
			return 0, err
		}
		if version < 1 || version > schemaVersion {
			return 0, fmt.Errorf("has schema version %d, this program knows versions up to %d; use the program that made it, or another database",
				version, schemaVersion)
		}
	}
	if have != made[version] {
		return 0, errors.New("has tables of our names that another program made; use another database, or a schema of its own (search_path)")
	}
	return version, nil
}
