package govern

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMedianForgetsOutliers(t *testing.T) {
	var r recent
	require.Zero(t, r.Median())
	for _, v := range []int64{5, 5, 900, 5, -7, 5, 5, 5, 5} {
		r.add(v)
	}
	require.Equal(t, int64(5), r.Median())
	require.Equal(t, int64(900), r.most())
}
