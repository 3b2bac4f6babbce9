package rpm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// theirs prints a repository as createrepo_c's own parser reads it, each package as a body of ours.
const theirs = `
import json, sys, createrepo_c as cr
def on(p):
    d = {"pkgid": p.pkgId, "checksum_type": {"sha": "sha1"}.get(p.checksum_type, p.checksum_type)}
    for k in "name epoch version release arch summary description packager url license vendor group buildhost sourcerpm location_href location_base".split():
        d[k] = getattr(p, "rpm_" + k if k in "license vendor group buildhost sourcerpm packager".split() else k) or ""
    for k in "time_file time_build size_package size_installed size_archive".split(): d[k] = getattr(p, k)
    d["header_start"], d["header_end"] = p.rpm_header_start, p.rpm_header_end
    for k in "requires provides conflicts obsoletes suggests enhances recommends supplements".split():
        d[k] = [[x or "" for x in e[:5]] + ["pre"] * bool(e[5]) for e in getattr(p, k)]
    d["files"] = [[f[0] or "", f[1], f[2]] for f in p.files]
    d["changelogs"] = [list(c) for c in p.changelogs]
    # This version gives an ampersand in an attribute as the reference that libxml2 makes of it.
    print(json.dumps({k: v for k, v in d.items() if v}).replace("&#38;", "&"))
md = cr.Metadata()
md.locate_and_load_xml(sys.argv[1])
for k in md.keys(): on(md.get(k))
`

const spec = `Name: %s
Version: 1.2
Release: 3%%{?dist}
Epoch: 4
Summary: A package & <more>
License: MIT
Group: Tests
Vendor: Nobody
URL: https://example.org/?a=1&b=2
BuildArch: noarch
Requires: bash >= 5, coreutils, (foo if bar)
Requires(pre): /usr/sbin/useradd
Conflicts: other < 2:1.0-1
Obsoletes: old <= 1
Recommends: nice = 1
Suggests: maybe
Enhances: all
Supplements: it
Provides: virtual(%s) = 7
%%description
Two lines "quoted",
ä ö ü and a tab	.
%%install
mkdir -p %%{buildroot}/usr/share/%s/deep/er %%{buildroot}/etc
for i in $(seq %d); do echo $i > "%%{buildroot}/usr/share/%s/deep/er/file-$i & é"; done
%%files
/usr/share/%s
%%ghost /var/log/%s.log
%%changelog
* Wed Nov 15 2023 A Person <a@example.org> - 4:1.2-3
- fix <this> & that
- two

* Tue Nov 14 2023 A Person <a@example.org> - 4:1.2-2
- begin
`

const python = "/usr/bin/python3" // the distribution's, which its packages belong to

// TestCreaterepo reads what createrepo_c makes of real packages, and compares it with how its own parser reads that.
func TestCreaterepo(t *testing.T) {
	if _, err := exec.LookPath("rpmbuild"); err != nil || exec.Command(python, "-c", "import createrepo_c").Run() != nil {
		t.Skip("NOT COMPARED: needs createrepo_c, python3-createrepo-c and rpmbuild")
	}
	dir := t.TempDir()
	for i, name := range []string{"one", "two", "three"} {
		path := filepath.Join(dir, name+".spec")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, spec, name, name, name, 1+i*700, name, name, name), 0o600))
		out, err := exec.Command("rpmbuild", "-bb", "--define", "_topdir "+dir+"/build", "--define", "_rpmdir "+dir, path).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	for _, c := range []struct{ compress, sum string }{{"gz", "sha256"}, {"bz2", "sha"}, {"xz", "sha512"}, {"gz", "sha384"}} {
		args := []string{"--quiet", "--no-database", "--general-compress-type", c.compress, "--checksum", c.sum, dir}
		out, err := exec.Command("createrepo_c", args...).CombinedOutput()
		require.NoError(t, err, string(out))
		checkTheirs(t, dir, readRepo(t.Context(), dir), 3)
	}
}

// checkTheirs compares what was read with what createrepo_c's own parser reads.
func checkTheirs(t *testing.T, dir string, got result, n int) {
	var said bytes.Buffer
	parse := exec.Command(python, "-c", theirs, dir)
	parse.Stderr = &said
	want, err := parse.Output()
	require.NoError(t, err, said.String())
	require.Empty(t, said.String())
	require.NoError(t, got.err)
	require.Empty(t, got.notes)
	require.Len(t, got.bodies, n)
	theirs := make(map[any]any)
	for all := json.NewDecoder(bytes.NewReader(want)); all.More(); {
		var p map[string]any
		require.NoError(t, all.Decode(&p))
		theirs[p["pkgid"]] = p
	}
	for _, b := range got.bodies {
		var ours map[string]any
		require.NoError(t, json.Unmarshal([]byte(b), &ours))
		require.Equal(t, theirs[ours["pkgid"]], ours)
	}
}
