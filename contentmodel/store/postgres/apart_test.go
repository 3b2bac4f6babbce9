package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

// apart makes a store apart, with so many units in it.
func apart(t *testing.T, dsn string, units int) (schema string, remove func(context.Context) error) {
	inside, remove, err := postgres.Apart(t.Context(), dsn)
	require.NoError(t, err)
	s, err := postgres.Open(t.Context(), inside)
	require.NoError(t, err)
	n, err := s.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "it begins empty")
	_, err = s.Save(t.Context(), storetest.Many(0, units))
	require.NoError(t, err)
	n, err = s.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, units, n)
	require.NoError(t, s.Close())
	cfg, err := pgx.ParseConfig(inside)
	require.NoError(t, err)
	return cfg.RuntimeParams["search_path"], remove
}

// hasSchema asks behind the stores' back.
func hasSchema(t *testing.T, schema string) (there bool) {
	c, err := pgx.Connect(t.Context(), server(t))
	require.NoError(t, err)
	defer c.Close(t.Context())
	require.NoError(t, c.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&there))
	return there
}

// Stores apart share nothing with each other nor with the database's own, and go with all that is in them.
func TestApart(t *testing.T) {
	own := fresh(t)(t)
	defer own.Close()
	_, err := own.Save(t.Context(), storetest.Many(0, 7))
	require.NoError(t, err)
	a, removeA := apart(t, server(t), 10)
	cfg, err := pgx.ParseConfig(server(t))
	require.NoError(t, err)
	words := fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s sslmode=disable", cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database)
	b, removeB := apart(t, words, 20)
	require.NotEqual(t, a, b)
	require.NoError(t, removeA(t.Context()))
	require.False(t, hasSchema(t, a))
	require.True(t, hasSchema(t, b), "another one's is not touched")
	require.NoError(t, removeB(t.Context()))
	require.False(t, hasSchema(t, b))
	n, err := own.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
}

// What a process left behind that was killed is dropped by the next; what is in use, or is not ours, is not.
func TestApartLeftBehind(t *testing.T) {
	t.Setenv("PGAPPNAME", "syncmem_apart_dead")
	left, removeLeft := apart(t, server(t), 3)
	exec(t, server(t), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'syncmem_apart_dead' AND pid <> pg_backend_pid()")
	t.Setenv("PGAPPNAME", "syncmem_apart_live")
	used, removeUsed := apart(t, server(t), 3)
	const foreign = "syncmem_apart_0123456789abcdef" // by name alone
	exec(t, server(t), "CREATE SCHEMA "+foreign)
	defer exec(t, server(t), "DROP SCHEMA "+foreign)
	next, removeNext := apart(t, server(t), 3)
	require.False(t, hasSchema(t, left))
	require.True(t, hasSchema(t, used))
	require.True(t, hasSchema(t, foreign))
	require.NoError(t, removeUsed(t.Context()))
	require.NoError(t, removeNext(t.Context()))
	require.False(t, hasSchema(t, next))
	require.ErrorContains(t, removeLeft(t.Context()), "schema "+left+" is left behind, and dropped when the next one is made: store postgres://")
}

func TestApartErrors(t *testing.T) {
	for _, dsn := range []string{
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=5",
		"host=127.0.0.1 port=1 user=user password=secret sslmode=disable",
		"postgres://user:sec%zzret@127.0.0.1:1/db",
		"postgres://user:secret@127.0.0.1:1/db?answer_timeout=x",
	} {
		_, _, err := postgres.Apart(t.Context(), dsn)
		require.ErrorContains(t, err, "store postgres")
		require.NotContains(t, err.Error(), "secret")
		require.NotContains(t, err.Error(), "\n")
	}
}
