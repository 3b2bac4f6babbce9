package memriver

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// schemaVersion is raised with every change to schema.
const schemaVersion = 1

// migrationLock makes two programs that start at once take turns (the number is "MEMR").
const migrationLock = 1296387410

// schema is in the order in which its tables refer to each other. What belongs to a process ends with it.
const schema = `
CREATE TABLE memriver_schema (version int NOT NULL);
CREATE TABLE memriver_host (
	name   text PRIMARY KEY,
	budget bigint NOT NULL,
	seen   timestamptz NOT NULL
);
CREATE TABLE memriver_process (
	id      text PRIMARY KEY,
	host    text NOT NULL REFERENCES memriver_host,
	machine text NOT NULL,
	budget  bigint NOT NULL,
	workers int NOT NULL,
	every   interval NOT NULL,
	beat    timestamptz NOT NULL,
	steady  timestamptz NOT NULL
);
CREATE INDEX ON memriver_process (host);
CREATE TABLE memriver_lease (
	process text NOT NULL REFERENCES memriver_process ON DELETE CASCADE,
	slot    bigint NOT NULL,
	job     bigint NOT NULL,
	bytes   bigint NOT NULL,
	grp     text NOT NULL,
	alone   bool NOT NULL,
	why     text NOT NULL,
	key     text NOT NULL,
	since   timestamptz NOT NULL,
	PRIMARY KEY (process, slot)
);
CREATE TABLE memriver_wait (
	job      bigint PRIMARY KEY,
	bytes    bigint NOT NULL,
	grp      text NOT NULL,
	priority int NOT NULL,
	alone    bool NOT NULL,
	since    timestamptz NOT NULL,
	asked    timestamptz NOT NULL,
	asks     int NOT NULL,
	reason   text NOT NULL,
	behind   bigint NOT NULL,
	why      text NOT NULL,
	claims   text REFERENCES memriver_process ON DELETE SET NULL
);
CREATE INDEX ON memriver_wait (claims);
CREATE INDEX ON memriver_wait (asked);
CREATE TABLE memriver_peak (
	key   text PRIMARY KEY,
	bytes bigint NOT NULL,
	last  bigint NOT NULL,
	runs  bigint NOT NULL,
	at    timestamptz NOT NULL
);
CREATE TABLE memriver_killed (
	job   bigint PRIMARY KEY,
	times int NOT NULL,
	host  text NOT NULL,
	last  text NOT NULL,
	at    timestamptz NOT NULL
);`

// migrate makes the tables if need be, and refuses those of another version.
func migrate(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('memriver_schema') IS NOT NULL").Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, schema); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO memriver_schema VALUES ($1)", schemaVersion)
		return err
	}
	version := 0
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM memriver_schema").Scan(&version); err != nil {
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("the tables memriver_* have version %d, this program knows version %d: run the same version everywhere, or drop them while no job runs", version, schemaVersion)
	}
	return nil
}
