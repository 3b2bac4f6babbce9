// Package polls keeps state to find changes in maps.
package polls

import "reflect"

type Host struct {
	Name  string
	Ports []int
	Tags  []string
}

type Poller struct{ last map[string]*Host }

func (p *Poller) Changes(hosts []*Host, changed func(*Host)) {
	now := map[string]*Host{}
	for _, h := range hosts {
		now[h.Name] = h
		if old := p.last[h.Name]; !reflect.DeepEqual(old, h) {
			changed(h)
		}
	}
	p.last = now // want `memvet/trackedcopy: p.last keeps all items of the last poll`
}

type Row struct {
	Values  map[string]any
	initial map[string]any
}

func LoadRow(values map[string]any) *Row {
	before := make(map[string]any, len(values))
	for name, v := range values {
		before[name] = v
	}
	return &Row{Values: values, initial: before} // want `initial keeps a second copy of the state \(copied entry by entry from values\)`
}

// From here on nothing is to be said.

type Digests struct{ last map[string]uint64 }

func (d *Digests) Changes(hosts []*Host, digest func(*Host) uint64, changed func(*Host)) {
	now := map[string]uint64{}
	for _, h := range hosts {
		now[h.Name] = digest(h)
		if d.last[h.Name] != now[h.Name] {
			changed(h)
		}
	}
	d.last = now
}

type Table struct{ hosts map[string]*Host }

func (t *Table) Replace(hosts []*Host) {
	now := map[string]*Host{}
	for _, h := range hosts {
		now[h.Name] = h
	}
	t.hosts = now
}

// What takes its place before it is looked into is no last poll.
type tags struct{ main, more map[string]*Host }

func (t *tags) normalize() map[string]*Host {
	normal := map[string]*Host{}
	t.more = normal
	for k, v := range t.main {
		if _, twice := t.more[k]; !twice {
			normal[k] = v
		}
	}
	return normal
}

// Snapshots that are the state itself: nothing is compared with them.
type exporter struct{ snapshots map[string]*Host }

func (e *exporter) Load(h *Host) { e.snapshots[h.Name] = cloneHost(h) }

func cloneHost(h *Host) *Host { c := *h; return &c }

// As these are, they are a second copy.
type watcher struct{ snapshots map[string]*Host }

func (w *watcher) Load(h *Host) {
	w.snapshots[h.Name] = cloneHost(h) // want `snapshots keeps a second copy of the state`
}

func (w *watcher) Changed(h *Host) bool { return !reflect.DeepEqual(w.snapshots[h.Name], h) }
