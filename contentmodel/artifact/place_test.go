package artifact

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPlaces: whatever metadata says, a request stays below the root of its mirror, also when the server undoes percent signs, or
// goes to http or https, and nothing shown has a password.
func FuzzPlaces(f *testing.F) {
	for _, s := range []string{"a/b", "../x", "%2e%2e/x", "a/./b//c", `\x`, "https://u:hunter2@h/x?hunter2", "file:///root/x", "file:///etc/x", "x://", "%25252e./", "http://h/%2e%2e/x", "a?b#c", "%2e", "a/%2e%2f", "/"} {
		f.Add(s)
	}
	root, err := url.Parse("https://mirror.example.org/root/")
	require.NoError(f, err)
	d := &Downloader{sites: []*site{{url: root}, {dir: "/root"}}, anyone: new(site)}
	f.Fuzz(func(t *testing.T, name string) {
		if i := strings.LastIndexByte(name, '@'); strings.Contains(name, "://u:hunter2@h/") && i < 20 {
			require.NotContains(t, shown(name), "hunter2@")
		}
		require.NotContains(t, shown(name), "\n")
		places, err := d.places(name)
		if err != nil {
			require.ErrorIs(t, err, ErrUnsafe)
			return
		}
		for _, p := range places {
			if p.url == nil {
				require.True(t, filepath.IsLocal(p.path), p.path)
				continue
			}
			if strings.Contains(name, "://") {
				require.Contains(t, []string{"http", "https"}, p.url.Scheme)
				continue
			}
			sent, err := url.Parse(p.url.String())
			require.NoError(t, err)
			require.Equal(t, root.Host, sent.Host)
			require.Empty(t, sent.RawQuery)
			for at := sent.Path; ; {
				require.True(t, strings.HasPrefix(path.Clean(strings.ReplaceAll(at, `\`, "/")), "/root/"), at)
				next, err := url.PathUnescape(at)
				if err != nil || next == at {
					break
				}
				at = next
			}
		}
	})
}
