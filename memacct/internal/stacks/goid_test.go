package stacks

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGoroutinesAreTold(t *testing.T) {
	require.True(t, quickIDs(), "the runtime keeps the number elsewhere: goid needs an update for "+runtime.Version())
	require.Equal(t, slowID(), GoroutineID())
}
