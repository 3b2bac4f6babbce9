package flow_test

import (
	"bytes"
	"encoding/gob"
	"go/types"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

func TestFacts(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), flow.Analyzer, "facts")
}

// Equal facts must have equal bytes: the go command keys its cache on them.
func TestFactsAreDeterministic(t *testing.T) {
	s := &flow.Summary{
		Known: true, Limits: 1, WalkArg: []int{0, 2}, Opens: true, Stage: "why",
		Reads: []flow.Read{{From: -2, To: 1, Decode: true, Sink: "a > b", At: "f.go:1"}, {From: 0, To: -2}},
	}
	encode := func() []byte {
		var b bytes.Buffer
		require.NoError(t, gob.NewEncoder(&b).Encode(s))
		return b.Bytes()
	}
	first := encode()
	for range 10 {
		require.Equal(t, first, encode())
	}
	back := new(flow.Summary)
	require.NoError(t, gob.NewDecoder(bytes.NewReader(first)).Decode(back))
	require.Equal(t, s, back)
	// A map in a fact would be written in any order.
	for f := range reflect.TypeFor[flow.Summary]().Fields() {
		require.NotEqual(t, reflect.Map, f.Type.Kind(), f.Name)
	}
}

func TestShapes(t *testing.T) {
	str, num := types.Typ[types.String], types.Typ[types.Int]
	structOf := func(fields ...types.Type) *types.Struct {
		var vars []*types.Var
		for i, f := range fields {
			vars = append(vars, types.NewField(0, nil, string(rune('A'+i)), f, false))
		}
		return types.NewStruct(vars, nil)
	}
	item := structOf(str, str, num)
	list := types.NewSlice(item)
	for name, c := range map[string]struct {
		t    types.Type
		want flow.Shape
	}{
		"scalar":                          {str, flow.Single},
		"bytes":                           {types.NewSlice(types.Typ[types.Byte]), flow.Single},
		"names":                           {types.NewSlice(str), flow.Names},
		"list":                            {list, flow.Collection},
		"pointer to list":                 {types.NewPointer(list), flow.Collection},
		"map to scalars":                  {types.NewMap(str, str), flow.Lookup},
		"map to small structs":            {types.NewMap(str, structOf(str)), flow.Lookup},
		"map to names":                    {types.NewMap(str, types.NewSlice(str)), flow.Lookup},
		"map to items":                    {types.NewMap(str, item), flow.Collection},
		"anything":                        {types.NewInterfaceType(nil, nil), flow.Any},
		"list with a header":              {structOf(str, num, list), flow.Collection},
		"sections of lists":               {structOf(structOf(list), structOf(list), str), flow.Collection},
		"item with one list among many":   {structOf(str, str, str, str, str, list), flow.Single},
		"item of scalars":                 {item, flow.Single},
		"array of a length in the source": {types.NewArray(item, 3), flow.Single},
	} {
		require.Equal(t, c.want, flow.ShapeOf(c.t), name)
	}
}
