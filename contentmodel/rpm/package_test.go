package rpm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

var _ contentmodel.Unit = (*rpm.Package)(nil)

// TestBodyHasEveryField fills each field with a value of its own and looks for
// it, so that a new field can't be forgotten in the tables.
func TestBodyHasEveryField(t *testing.T) {
	var p rpm.Package
	v, n := reflect.ValueOf(&p).Elem(), 0
	for field, f := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		n++
		switch f.Interface().(type) {
		case string:
			f.SetString(fmt.Sprintf("value%03d", n))
		case int64:
			f.SetInt(int64(77000000 + n))
		case rpm.Dependencies:
			f.Set(reflect.ValueOf(rpm.NewDependencies(rpm.Dependency{fmt.Sprintf("value%03d", n), "GE", "1", "2.0", "3.el9", true}, rpm.Dependency{Name: "x"})))
		case rpm.Files:
			f.Set(reflect.ValueOf(rpm.NewFiles(rpm.File{Type: "dir", Dir: "/usr/", Name: "bin"}, rpm.File{Dir: "/usr/bin/", Name: fmt.Sprintf("value%03d", n)})))
		case rpm.Changelogs:
			f.Set(reflect.ValueOf(rpm.NewChangelogs(rpm.Changelog{fmt.Sprintf("value%03d", n), 1700000000, "- \"fix\"\n"})))
		case contentmodel.Checksum:
			f.SetString(strings.Repeat("\xab", 20))
		default:
			t.Fatalf("field %d of type %v has no test", n, f.Type())
		}
	}
	var b bytes.Buffer
	require.NoError(t, p.WriteBody(&b))
	require.True(t, json.Valid(b.Bytes()), b.String())
	require.Contains(t, b.String(), `"pkgid":"`+strings.Repeat("ab", 20)+`","checksum_type":"sha1"`)
	for i := 2; i <= n; i++ { // the first is the pkgid
		require.True(t, strings.Contains(b.String(), fmt.Sprintf("value%03d", i)) ||
			strings.Contains(b.String(), fmt.Sprint(77000000+i)), "field %d is missing in %s", i, &b)
	}
	require.Contains(t, b.String(), `"GE","1","2.0","3.el9","pre"],["x","","","",""]]`)
	require.Contains(t, b.String(), `[["dir","/usr/","bin"],["","/usr/bin/",`)
	require.Contains(t, b.String(), `,1700000000,"- \"fix\"\n"]]`)
}

func TestKey(t *testing.T) {
	p := &rpm.Package{PkgID: contentmodel.Checksum("\xab" + strings.Repeat("\x00", 31))}
	require.Equal(t, "rpm", p.Kind())
	require.Equal(t, "ab"+strings.Repeat("0", 62), p.Key())
	var b bytes.Buffer
	require.NoError(t, (&rpm.Package{}).WriteBody(&b))
	require.Equal(t, "{}", b.String())
}

// TestBodyMemory: the package with the most files of Debian bookworm has
// 116,010; writing its body must take no memory that grows with them.
func TestBodyMemory(t *testing.T) {
	p := &rpm.Package{Name: "papirus-icon-theme"}
	var files rpm.FilesBuilder
	for i := range 116010 {
		files.Add(rpm.File{Dir: "/usr/share/icons/Papirus/48x48/apps/", Name: fmt.Sprintf("icon-%d.svg", i)})
	}
	p.Files = files.List()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, p.WriteBody(io.Discard))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10), "bytes allocated")
}
