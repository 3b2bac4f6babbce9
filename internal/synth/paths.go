package synth

import (
	"bytes"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// roots are where directories begin, the shortest first.
var roots = [...]string{"/etc/", "/usr/bin/", "/usr/lib/", "/usr/share/", "/usr/include/", "/usr/share/doc/", "/usr/lib/python3/site-packages/"}

// extensions end file names; some have none.
var extensions = [...]string{"", ".h", ".py", ".js", ".so", ".png", ".svg", ".txt", ".html", ".json", ".png", ".py", ".svg", ".h", ".gz", ".html"}

// buildingStep is how many bytes a unit has more each time it is told of, as with the readers of real formats.
const buildingStep = 32 << 10

// files draws the files of a package: n paths of so many sixteenths of a byte
// on average, in directories that begin alike. One in twenty is particular to
// the version; all others are the same in every version of the name. There are
// more than n where the list has to weigh something.
func (t *text) files(name string, version uint64, n, length int, weight int64) rpm.Files {
	var all rpm.FilesBuilder
	d := directory{text: t, name: name, length: length / 16 * 2 / 3}
	run := 6 // files in a directory: twice the mean
	if n > 50 {
		run = 20 // so that a package of 116 files has its 12 directories
	}
	owed, left := 0, 0
	told := int64(0)
	for i := 0; i < n || all.Bytes() < weight; i++ {
		if t.building != nil && all.Bytes() >= told+buildingStep {
			told = all.Bytes()
			if t.stopped = t.building(told); t.stopped != nil {
				break
			}
		}
		if left == 0 {
			d.next()
			left = 1 + t.below(run)
		}
		left--
		// What earlier paths were too long or too short, this one makes good.
		owed += length
		shape := t.Uint64()
		spelling := mix(shape)
		if i%20 == 19 {
			spelling ^= mix(version) // of the same length still, or the next path would differ too
		}
		base := t.base(shape, spelling, i, owed/16-len(d.path))
		owed -= 16 * (len(d.path) + len(base))
		t.path = append(append(t.path[:0], d.path...), base...)
		all.AddPath("", t.path)
	}
	return all.List()
}

// base is a file name of about n bytes: shape says how long and of which kind,
// spelling which letters. Its number makes it the only one in the package.
func (t *text) base(shape, spelling uint64, number, n int) []byte {
	ext := extensions[shape>>60]
	n += int(shape>>56%8) - 4 - len(ext) - 2 // 2: the number of most files, and its dash
	b := letters(t.buf[:0], min(max(n, 1), 120), spelling)
	b = strconv.AppendInt(append(b, '-'), int64(number), 36)
	t.buf = append(b, ext...)
	return t.buf
}

// directory walks from one directory of a package to the next.
type directory struct {
	*text
	name   string // of the package
	length int    // bytes of a path, about
	path   []byte
	root   int // bytes of path that stay when it moves within the same tree
}

// next goes to a new directory: mostly a sibling some levels up, at times into
// another tree.
func (d *directory) next() {
	x := d.Uint64()
	if d.path == nil || x%4 == 0 {
		d.plant(x >> 8)
	} else {
		keep := d.root + int(x>>8%uint64(len(d.path)-d.root+1))
		keep = max(d.root, bytes.LastIndexByte(d.path[:keep], '/')+1)
		d.path = d.path[:keep]
	}
	for room := d.length - len(d.path); room > 3; room = d.length - len(d.path) {
		x := d.Uint64()
		d.path = append(letters(d.path, min(3+int(x>>60)%9, room-1), x), '/')
	}
}

// plant begins a tree: a root that leaves room, and the package's name in it.
func (d *directory) plant(x uint64) {
	fit := 1
	for fit < len(roots) && len(roots[fit]) <= d.length {
		fit++
	}
	d.path = append(d.path[:0], roots[x%uint64(fit)]...)
	if len(d.path)+len(d.name)+1 <= d.length {
		d.path = append(append(d.path, d.name...), '/')
	}
	d.root = len(d.path)
}
