package synth

import (
	"io"
	"strconv"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// Module is a module of a repository: it is put last, and knows its packages. They know it, too, so that whoever
// follows every pointer of a package walks through the whole repository.
type Module struct {
	ID      string
	Text    []byte // YAML without the packages, of which no character needs to be escaped
	Members []*Member
}

// Member is what a module knows of a package; the package itself may end before.
type Member struct {
	Module *Module `mem:"shared"`
	Name   string
	ID     contentmodel.Checksum
}

// ModularPackage is a package of a module.
type ModularPackage struct {
	*rpm.Package
	Member *Member `mem:"shared"` // the module is charged for it
}

// Kind is always [rpm.ModuleKind].
func (m *Module) Kind() string { return rpm.ModuleKind }

// Key is the ID.
func (m *Module) Key() string { return m.ID }

// WriteBody writes ID and text.
func (m *Module) WriteBody(w io.Writer) error {
	b := pieces{w: w}
	b.write(`{"id":"` + m.ID + `","text":"`)
	b.write(m.Text)
	b.write(`"}`)
	return b.err
}

// modular makes packages, half of whose names are in modules, and at the end the modules. These it keeps until then.
type modular struct {
	packages
	modules []*Module
	kept    func(bytes int64) // nil drops it
	has     int64             // bytes of the modules, about
	told    int64
}

func openModular(s Spec) maker {
	plain := s
	plain.Count -= s.Modules
	return &modular{packages: *openMixed(plain).(*packages), modules: make([]*Module, s.Modules)}
}

func (m *modular) keep(kept func(bytes int64)) { m.kept = kept }

// tellKept says what the modules have, for every 32 KiB that this changed.
func (m *modular) tellKept() {
	if m.kept != nil && (m.has >= m.told+buildingStep || m.has <= m.told-buildingStep) {
		m.told = m.has
		m.kept(m.told)
	}
}

// memberBytes are those of a member and a pointer to it, without its name.
const memberBytes = 48 + 32 + 16

// bytes is what the module has with what it knows, about.
func (m *Module) bytes() int64 {
	n := int64(64 + len(m.ID) + cap(m.Text))
	for _, member := range m.Members {
		n += memberBytes + int64(len(member.Name))
	}
	return n
}

func (m *modular) unit(id int) contentmodel.Unit {
	if id >= m.units {
		n := id - m.units
		m.tellKept() // of the one before, which was put meanwhile
		of := m.module(n)
		m.has -= of.bytes()
		m.modules[n] = nil
		return of
	}
	p := m.packages.unit(id).(*rpm.Package)
	draw := mix(m.key ^ mix(uint64(id/m.versions))<<1)
	if draw%2 == 0 {
		return p
	}
	of := m.module(int(draw >> 1 % uint64(len(m.modules))))
	member := &Member{of, p.Name + "-" + p.Version + "-" + p.Release + "." + p.Arch, p.PkgID}
	of.Members = append(of.Members, member)
	m.has += memberBytes + int64(len(member.Name))
	m.tellKept()
	return &ModularPackage{p, member}
}

// module is module n, made when it is first asked for.
func (m *modular) module(n int) *Module {
	if m.modules[n] == nil {
		var t text
		t.seed(m.key^1, uint64(n))
		id := "modulemd:" + t.name(8) + ":" + strconv.Itoa(n) + ":el9"
		m.modules[n] = &Module{ID: id, Text: t.words(500 + t.below(1500))}
		m.has += m.modules[n].bytes()
	}
	return m.modules[n]
}
