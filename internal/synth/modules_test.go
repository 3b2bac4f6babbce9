package synth

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/sizer"
)

// Modules come last and know their packages, tens of them; a package is charged for itself alone, a module for what it
// knows, and what the modules have before they are put is told.
func TestModules(t *testing.T) {
	s, err := Parse("rpm-modular,units=2030,modules=30,files=100")
	require.NoError(t, err)
	var kept, most, modules int64
	names := map[*Member]string{}
	plain, members, n := 0, 0, 0
	for u, err := range s.Built(t.Context(), nil, func(bytes int64) { kept = bytes; most = max(most, kept) }) {
		require.NoError(t, err)
		n++
		switch u := u.(type) {
		case *rpm.Package:
			plain++
		case *ModularPackage:
			require.Equal(t, rpm.Kind, u.Kind())
			require.Less(t, sizer.Of(u)-sizer.Of(u.Package), int64(64))
			names[u.Member] = u.Name
		case *Module:
			require.Greater(t, n, 2000, "a module before the last package")
			body := []byte(body(t, u)[len(u.Kind())+len(u.Key()):])
			require.True(t, json.Valid(body), "%s", body)
			for _, m := range u.Members {
				require.Same(t, u, m.Module)
				require.Contains(t, m.Name, names[m])
			}
			members += len(u.Members)
			modules += sizer.Of(u)
		}
	}
	require.Equal(t, 2030, n)
	require.Len(t, names, members, "each package is in one module")
	require.InDelta(t, 1000, members, 200)
	require.Equal(t, 2000, plain+members)
	require.InEpsilon(t, modules, most, 0.2)
	require.Less(t, kept, int64(buildingStep+8<<10), "all of them were put")
	var _ contentmodel.Unit = new(ModularPackage)
}
