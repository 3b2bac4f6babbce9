package lease_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/lease"
)

func Test(t *testing.T) { checktest.Run(t, lease.Analyzer, "a") }
