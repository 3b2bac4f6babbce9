package memacct

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// raceEnabled says that the race detector is on, which adds to every block; see race_test.go.
var raceEnabled bool
