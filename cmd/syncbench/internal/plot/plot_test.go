package plot

import (
	"encoding/xml"
	"html/template"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wellFormed fails the test for what is no XML, and returns how often each element is there.
func wellFormed(t *testing.T, svg template.HTML) map[string]int {
	t.Helper()
	all := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err, svg)
		if e, ok := token.(xml.StartElement); ok {
			all[e.Name.Local]++
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	for _, c := range []struct {
		axis     Axis
		min, max float64
		want     string
	}{
		{Axis{Unit: Bytes}, 0, 70 << 20, "0 B,16 MiB,32 MiB,48 MiB,64 MiB"},
		{Axis{Unit: Bytes}, 0, 3000, "0 B,512 B,1 KiB,1.5 KiB,2 KiB,2.5 KiB"},
		{Axis{Unit: Seconds}, 0, 31, "0 s,10 s,20 s,30 s"},
		{Axis{Unit: Percent}, 0, 1.04, "0 %,20 %,40 %,60 %,80 %,100 %"},
		{Axis{Unit: Number, Log: true}, 1, 60000, "1,10,100,1,000,10,000"},
		{Axis{Unit: Bytes, Log: true}, 500, 9 << 20, "512 B,4 KiB,32 KiB,256 KiB,2 MiB"},
		{Axis{Unit: Bytes}, 0, 0, "0 B,0.25 B,0.5 B,0.75 B,1 B"},
	} {
		s := newScale(c.axis, c.min, c.max, 0, 100)
		var got []string
		for _, v := range s.ticks(6) {
			got = append(got, c.axis.Unit.tick(v))
			require.GreaterOrEqual(t, s.at(v), -1e-6)
			require.LessOrEqual(t, s.at(v), 100.1)
		}
		require.Equal(t, c.want, strings.Join(got, ","))
	}
}

func TestChartIsWellFormed(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	c := Chart{
		Label: evil, X: Axis{Name: evil}, Y: Axis{Unit: Bytes}, Diagonal: true, Bands: []Band{{-1, 2}, {3, 99}},
		Series: []Series{
			{Name: evil, Class: "s0", X: []float64{1, 2, 3}, Y: []float64{5, math.NaN(), 7}},
			{Name: "dots", Class: "s1", Dots: true, X: []float64{1, 2, 3}, Y: []float64{5, math.Inf(1), 7}, Titles: []string{evil, evil, evil}},
		},
	}
	n := wellFormed(t, c.SVG(600, 300))
	require.Zero(t, n["script"])
	require.Equal(t, 2, n["circle"], "what is no number has no place")
	require.Equal(t, 1, n["polyline"])
	require.Equal(t, 2, n["rect"])

	c.X.Log, c.Y.Log = true, true
	wellFormed(t, c.SVG(300, 200))
	wellFormed(t, (&Chart{}).SVG(300, 200))
	wellFormed(t, (&Chart{X: Axis{Log: true}, Y: Axis{Log: true}}).SVG(300, 200))

	r := Rows{Label: evil, X: Axis{Unit: Bytes}, Mark: 64, Rows: []Row{{evil, "s0", []float64{1, 2}, 1.5}, {"none", "s1", nil, 0}}}
	n = wellFormed(t, r.SVG(600))
	require.Zero(t, n["script"])
	require.Equal(t, 2, n["circle"])
	require.Equal(t, 2, n["rect"])
	wellFormed(t, (&Rows{}).SVG(600))
}
