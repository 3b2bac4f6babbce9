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

// BenchmarkGoroutineID compares the two ways, in a goroutine that is some calls deep.
func BenchmarkGoroutineID(b *testing.B) {
	for name, id := range map[string]func() uint64{"quick": quickID, "slow": slowID} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				id()
			}
		})
	}
}
