package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance needs a server: SYNCMEM_TEST_POSTGRES holds the DSN of a
// database whose tables may be dropped.
func TestConformance(t *testing.T) {
	dsn := os.Getenv("SYNCMEM_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("SKIPPED: PostgreSQL is NOT tested; SYNCMEM_TEST_POSTGRES holds no DSN")
	}
	storetest.Run(t, func(t *testing.T) storetest.Open {
		c, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		defer c.Close(t.Context())
		_, err = c.Exec(t.Context(), "DROP TABLE IF EXISTS syncmem_schema, syncmem_content, syncmem_body")
		require.NoError(t, err)
		return func(t *testing.T) store.Store {
			s, err := postgres.Open(t.Context(), dsn)
			require.NoError(t, err)
			return s
		}
	})
}

func TestOpenErrors(t *testing.T) {
	for _, dsn := range []string{
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=5",
		"postgres://user:secret@127.0.0.1:port/db",
	} {
		_, err := postgres.Open(t.Context(), dsn)
		require.ErrorContains(t, err, "store postgres")
		require.NotContains(t, err.Error(), "secret")
		require.Equal(t, 1, strings.Count(err.Error()+"\n", "\n"), err)
	}
}
