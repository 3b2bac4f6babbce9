package procmem

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// machine is a file system with these two files of the kernel, and others.
func machine(membership, mountinfo string, others map[string]string) fstest.MapFS {
	m := fstest.MapFS{
		"proc/self/cgroup":    {Data: []byte(membership)},
		"proc/self/mountinfo": {Data: []byte(mountinfo)},
	}
	for name, text := range others {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// on finds cgroups there, as process 77.
func on(fsys fstest.MapFS) *finder { return &finder{fsys: fsys, pid: 77} }

const (
	v1Mount    = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory\n"
	v1Other    = "33 31 0:30 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
	v2Mount    = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	v2Unified  = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	dockerV1   = "700 690 0:29 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:11 - cgroup memory rw,memory\n"
	spaceMount = "9 1 0:3 / /mnt/my\\040cgroups rw - cgroup2 none rw\n"
	rootMount  = "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
)

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name, membership, mountinfo string
		procs                       string // the directory that exists
		want                        place
	}{
		{
			"v1", "9:memory:/a/b\n8:cpu,cpuacct:/c\n", rootMount + v1Other + v1Mount, "sys/fs/cgroup/memory/a/b",
			place{1, "sys/fs/cgroup/memory/a/b", "sys/fs/cgroup/memory"},
		},
		{
			"v2", "0::/user.slice/x.scope\n", rootMount + v2Mount, "sys/fs/cgroup/user.slice/x.scope",
			place{2, "sys/fs/cgroup/user.slice/x.scope", "sys/fs/cgroup"},
		},
		{
			"hybrid", "4:memory:/a\n1:name=systemd:/s\n0::/s\n", v2Unified + v1Mount, "sys/fs/cgroup/memory/a",
			place{1, "sys/fs/cgroup/memory/a", "sys/fs/cgroup/memory"},
		},
		{"v2 namespace", "0::/\n", v2Mount, "sys/fs/cgroup", place{2, "sys/fs/cgroup", "sys/fs/cgroup"}},
		{
			"container, host paths", "4:memory:/docker/abc/in\n", dockerV1, "sys/fs/cgroup/memory/in",
			place{1, "sys/fs/cgroup/memory/in", "sys/fs/cgroup/memory"},
		},
		{"colon in the path", "0::/a:b\n", v2Mount, "sys/fs/cgroup/a:b", place{2, "sys/fs/cgroup/a:b", "sys/fs/cgroup"}},
		{"space in the mount", "0::/a\n", spaceMount, "mnt/my cgroups/a", place{2, "mnt/my cgroups/a", "mnt/my cgroups"}},
		{
			"second mount has it", "4:memory:/docker/abd\n", dockerV1 + v1Mount, "sys/fs/cgroup/memory/docker/abd",
			place{1, "sys/fs/cgroup/memory/docker/abd", "sys/fs/cgroup/memory"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := on(machine(c.membership, c.mountinfo, map[string]string{c.procs + "/cgroup.procs": ""})).locate()
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestLocateFails(t *testing.T) {
	for _, c := range []struct{ name, membership, mountinfo, want string }{
		{"nothing at all", "0::/\n", rootMount, "no cgroup with a memory controller is mounted"},
		{"no mount", "0::/a\n", rootMount, "not to be seen: /proc/self/cgroup calls it /a"},
		{"outside of the namespace", "0::/../b\n", v2Mount, "not to be seen: /proc/self/cgroup calls it /../b"},
		{"a sibling's mount", "4:memory:/docker/abcd\n", dockerV1, "not to be seen"},
		{"bad membership", "0::/a\nrubbish\n", v2Mount, "/proc/self/cgroup:2: not a cgroup"},
		{"bad mountinfo", "0::/a\n", v2Mount + "9 9\n", "/proc/self/mountinfo:2: not a mount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := on(machine(c.membership, c.mountinfo, nil)).find()
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := on(fstest.MapFS{}).find()
	require.ErrorIs(t, err, ErrUnsupported, "as on a system without /proc")
}

// A cgroup namespace with a mount that was made outside of it, as with docker run --cgroupns=private -v
// /sys/fs/cgroup:/sys/fs/cgroup: paths begin at the group of the namespace, and how that is called is told nowhere.
func TestLocateInANamespaceWithAMountFromOutside(t *testing.T) {
	mounted := func(root string) string {
		return "41 31 0:38 " + root + " /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	}
	const in, threads = "/cgroup.procs", "/cgroup.threads"
	others := map[string]string{
		"sys/fs/cgroup" + in: "1\n2\n", "sys/fs/cgroup/a" + in: "7\n777\n", "sys/fs/cgroup/a/b" + in: "",
	}
	for _, c := range []struct {
		name, root, member string
		file, pids, want   string
	}{
		{"the namespace's group", "/..", "/", "b" + in, "3\n77\n", "b"},
		{"one further down", "/..", "/x/y", "b/x/y" + in, "77\n", "b/x/y"},
		{"two levels", "/../..", "/", "a/c" + in, "77\n", "a/c"},
		{"moved beside it: that is named", "/..", "/../d", "d" + in, "", "d"},
		{"moved beside it, one unnamed", "/../..", "/../d", "a/d" + in, "77\n", "a/d"},
		{"a mount that begins beside it", "/../e", "/../e/f", "f" + in, "", "f"},
		{"threaded", "/..", "/", "t" + threads, "77\n78\n", "t"},
		{"another process", "/..", "/", "b" + in, "3\n770\n", ""},
		{"not as deep as that", "/../../..", "/", "b" + in, "77\n", ""},
		{"above the mount", "/..", "/../../d", "d" + in, "77\n", ""},
		{"beside the mount", "/../../e", "/../f", "f" + in, "77\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := machine("0::"+c.member+"\n", mounted(c.root), others)
			m["sys/fs/cgroup/"+c.file] = &fstest.MapFile{Data: []byte(c.pids)}
			if strings.HasSuffix(c.file, threads) { // the kernel has the other file too, and refuses to read it
				m["sys/fs/cgroup/"+strings.TrimSuffix(c.file, threads)+in] = &fstest.MapFile{Mode: fs.ModeDir}
			}
			f := on(m)
			got, err := f.locate()
			if c.want == "" {
				require.ErrorIs(t, err, ErrHidden)
				require.ErrorIs(t, err, ErrUnsupported)
				return
			}
			require.NoError(t, err)
			require.Equal(t, place{2, "sys/fs/cgroup/" + c.want, "sys/fs/cgroup"}, got)
		})
	}
}

// What a search found is looked at again, not searched, and holds for as long as the process is in it.
func TestASearchIsRemembered(t *testing.T) {
	const mounted = "41 31 0:38 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	m := machine("0::/\n", mounted, map[string]string{"sys/fs/cgroup/b/cgroup.procs": "77\n"})
	f := on(m)
	found := func() string {
		p, err := f.locate()
		if err != nil {
			require.ErrorIs(t, err, ErrHidden)
		}
		return p.dir
	}
	require.Equal(t, "sys/fs/cgroup/b", found())
	m["sys/fs/cgroup/a/cgroup.procs"] = &fstest.MapFile{Data: []byte("77\n")} // a search would find it first
	require.Equal(t, "sys/fs/cgroup/b", found())
	m["sys/fs/cgroup/b/cgroup.procs"] = &fstest.MapFile{}
	require.Equal(t, "sys/fs/cgroup/a", found(), "it left")
	m["sys/fs/cgroup/a/cgroup.procs"] = &fstest.MapFile{}
	require.Empty(t, found())
	m["sys/fs/cgroup/b/cgroup.procs"] = &fstest.MapFile{Data: []byte("77\n")}
	require.Empty(t, found(), "one that found nothing is remembered too")
	m["proc/self/cgroup"] = &fstest.MapFile{Data: []byte("0::/x\n")}
	m["sys/fs/cgroup/b/x/cgroup.procs"] = &fstest.MapFile{Data: []byte("77\n")}
	require.Equal(t, "sys/fs/cgroup/b/x", found(), "until the process is elsewhere")
}

func TestFigures(t *testing.T) {
	v1 := machine("4:memory:/a/b\n", v1Mount, map[string]string{
		"sys/fs/cgroup/memory/memory.limit_in_bytes":         "9223372036854771712\n",
		"sys/fs/cgroup/memory/a/memory.limit_in_bytes":       "67108864\n", // the one above is the tighter
		"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes":     "104857600\n",
		"sys/fs/cgroup/memory/a/b/memory.max_usage_in_bytes": "1000\n",
		"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes":     "900\n",
		"sys/fs/cgroup/memory/a/b/memory.oom_control":        "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
		"sys/fs/cgroup/memory/a/b/memory.failcnt":            "17\n",
		"sys/fs/cgroup/memory/a/b/cgroup.procs":              "",
	})
	v2 := machine("0::/a/b\n", v2Mount, map[string]string{
		"sys/fs/cgroup/a/memory.max":       "67108864\n",
		"sys/fs/cgroup/a/b/memory.max":     "max\n",
		"sys/fs/cgroup/a/b/memory.peak":    "1000\n",
		"sys/fs/cgroup/a/b/memory.current": "900\n",
		"sys/fs/cgroup/a/b/memory.events":  "low 0\nhigh 0\nmax 17\noom 5\noom_kill 3\noom_group_kill 0\n",
		"sys/fs/cgroup/a/b/cgroup.procs":   "",
	})
	for version, fsys := range map[int]fstest.MapFS{1: v1, 2: v2} {
		c, err := on(fsys).find()
		require.NoError(t, err)
		require.Equal(t, version, c.Version())
		for name, f := range map[string]struct {
			read func() (int64, error)
			want int64
		}{"limit": {c.Limit, 64 << 20}, "peak": {c.Peak, 1000}, "usage": {c.Usage, 900}, "kills": {c.OOMKills, 3}, "failcnt": {c.Failcnt, 17}} {
			got, err := f.read()
			require.NoError(t, err, "v%d %s", version, name)
			require.Equal(t, f.want, got, "v%d %s", version, name)
		}
		require.NoError(t, c.Close())
	}
}

func TestFiguresThatAreNot(t *testing.T) {
	c, err := on(machine("0::/a\n", v2Mount, map[string]string{
		"sys/fs/cgroup/a/cgroup.procs":   "",
		"sys/fs/cgroup/a/memory.events":  "low 0\n",
		"sys/fs/cgroup/a/memory.current": "many\n",
	})).find()
	require.NoError(t, err)
	limit, err := c.Limit()
	require.NoError(t, err)
	require.Equal(t, NoLimit, limit)
	_, err = c.Peak() // before Linux 5.19
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = c.OOMKills()
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = c.Usage()
	require.EqualError(t, err, `/sys/fs/cgroup/a/memory.current: not a number: "many"`)
}

// The reset of v2 is kept with the file that asked for it, as the kernel does.
func TestResetPeakKeepsItsFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of cgroups have no drive letter")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "memory.peak")
	require.NoError(t, os.WriteFile(name, []byte("77"), 0o600))
	c := At(2, dir)
	require.NoError(t, c.ResetPeak())
	require.NoError(t, os.Rename(name, name+".moved"))
	peak, err := c.Peak()
	require.NoError(t, err, "read from the open file")
	require.EqualValues(t, 7, peak, "its 0 was written over the first digit")
	require.NoError(t, c.Close())
	require.ErrorIs(t, c.ResetPeak(), ErrUnsupported)
}

// On this machine, whatever it is: no figure, or a sensible one.
func TestOwnCgroup(t *testing.T) {
	c, err := OwnCgroup()
	if errors.Is(err, ErrUnsupported) {
		t.Skipf("NOT TESTED on a real cgroup: %v", err)
	}
	require.NoError(t, err)
	defer c.Close()
	for name, read := range map[string]func() (int64, error){"limit": c.Limit, "peak": c.Peak, "usage": c.Usage, "kills": c.OOMKills, "failcnt": c.Failcnt} {
		n, err := read()
		if errors.Is(err, ErrUnsupported) {
			t.Logf("%s is not told here: %v", name, err)
			continue
		}
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, int64(0), name)
		t.Logf("%s: %d", name, n)
	}
}

func FuzzLocate(f *testing.F) {
	f.Add("4:memory:/a\n0::/b\n", v1Mount+v2Unified)
	f.Add("0::/a:b\n", spaceMount)
	f.Add("0::/../b\n", "41 31 0:38 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
	f.Fuzz(func(t *testing.T, membership, mountinfo string) {
		p, err := on(machine(membership, mountinfo, nil)).locate()
		require.Error(t, err, "no directory of a cgroup exists")
		require.Zero(t, p)
		v1, v2, err := parseMembership([]byte(membership))
		if err == nil {
			require.True(t, v1 == "" || strings.HasPrefix(v1, "/"))
			require.True(t, v2 == "" || strings.HasPrefix(v2, "/"))
		}
	})
}

// The bounds of each group on the way up, memory.high among them, and what is held where.
func TestBoundsAndWhatIsHeld(t *testing.T) {
	v2 := machine("0::/a/b\n", v2Mount, map[string]string{
		"sys/fs/cgroup/a/memory.max":       "67108864\n",
		"sys/fs/cgroup/a/memory.high":      "max\n",
		"sys/fs/cgroup/a/memory.current":   "5000\n",
		"sys/fs/cgroup/a/memory.stat":      "anon 9\ninactive_file 1000\nactive_file 500\nslab_reclaimable 300\n",
		"sys/fs/cgroup/a/b/memory.max":     "67108864\n",
		"sys/fs/cgroup/a/b/memory.high":    "33554432\n",
		"sys/fs/cgroup/a/b/memory.current": "900\n",
		"sys/fs/cgroup/a/b/memory.stat":    "anon 9\ninactive_file 1000\nactive_file 500\n",
		"sys/fs/cgroup/a/b/memory.events":  "low 0\nhigh 4\nmax 17\noom 5\noom_kill 3\noom_group_kill 0\n",
		"sys/fs/cgroup/a/b/cgroup.procs":   "",
		"sys/fs/cgroup/a/b/memory.pressure": "some avg10=0.00 avg60=1.50 avg300=0.00 total=2500000\n" +
			"full avg10=0.00 avg60=0.00 avg300=0.00 total=1700\n",
		"sys/fs/cgroup/a/memory.pressure": "some avg10=0.00 avg60=1.50 avg300=0.00 total=1\n",
	})
	c, err := on(v2).find()
	require.NoError(t, err)
	pressure, err := c.Pressure()
	require.NoError(t, err)
	require.Equal(t, Pressure{2500 * time.Millisecond, 1700 * time.Microsecond}, pressure)
	bounds, err := c.Bounds()
	require.NoError(t, err)
	require.Equal(t, []Bound{
		{32 << 20, "/sys/fs/cgroup/a/b", "memory.high"},
		{64 << 20, "/sys/fs/cgroup/a", "memory.max"},
	}, bounds)
	require.Equal(t, "/sys/fs/cgroup/a/memory.max", bounds[1].String())
	h, err := c.In(bounds[1]).Holding()
	require.NoError(t, err)
	require.EqualValues(t, 3200, h.Held, "the parent's")
	h, err = c.Holding()
	require.NoError(t, err)
	require.Equal(t, Holding{Cache: 1500}, h, "the files are not of one moment")
	e, err := c.Events()
	require.NoError(t, err)
	require.Equal(t, Events{High: 4, OOM: 5, OOMKills: 3}, e)
	_, err = c.In(bounds[1]).Events()
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = c.In(bounds[1]).Pressure()
	require.ErrorIs(t, err, ErrUnsupported, "half of it is not told")

	v1 := machine("4:memory:/a\n", v1Mount, map[string]string{
		"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "104857600\n",
		"sys/fs/cgroup/memory/a/memory.usage_in_bytes": "5000\n",
		"sys/fs/cgroup/memory/a/memory.stat":           "inactive_file 1\ntotal_inactive_file 1000\ntotal_active_file 700\ntotal_unevictable 900\n",
		"sys/fs/cgroup/memory/a/memory.oom_control":    "oom_kill_disable 1\nunder_oom 1\noom_kill 3\n",
		"sys/fs/cgroup/memory/a/cgroup.procs":          "",
	})
	c, err = on(v1).find()
	require.NoError(t, err)
	bounds, err = c.Bounds()
	require.NoError(t, err)
	require.Equal(t, []Bound{{100 << 20, "/sys/fs/cgroup/memory/a", "memory.limit_in_bytes"}}, bounds)
	h, err = c.Holding()
	require.NoError(t, err)
	require.Equal(t, Holding{Held: 3300, Locked: 900, Cache: 1700}, h)
	v1["sys/fs/cgroup/memory/a/memory.usage_in_bytes"] = &fstest.MapFile{Data: []byte("104857600\n")}
	v1["sys/fs/cgroup/memory/a/memory.kmem.usage_in_bytes"] = &fstest.MapFile{Data: []byte("62914560\n")}
	h, err = c.Holding()
	require.NoError(t, err)
	require.EqualValues(t, 56<<20-1700, h.Held, "of 60 MiB of the kernel 16 are taken to stay")
	e, err = c.Events()
	require.NoError(t, err)
	require.Equal(t, Events{OOMKills: 3, UnderOOM: true}, e)
	_, err = c.Pressure()
	require.ErrorIs(t, err, ErrUnsupported, "v1 does not tell")
}
