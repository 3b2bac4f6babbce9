package memprom

import (
	"maps"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/internal/figures"
)

// Option changes what [New] returns.
type Option func(*collector)

// WithLabels adds labels with constant values to every metric. Several budgets in one registry need the same
// label with different values:
//
//	registry.MustRegister(memprom.New(mirror, memprom.WithLabels(prometheus.Labels{"budget": "mirror"})))
//	registry.MustRegister(memprom.New(ingest, memprom.WithLabels(prometheus.Labels{"budget": "ingest"})))
func WithLabels(labels prometheus.Labels) Option {
	return func(c *collector) { maps.Copy(c.labels, labels) }
}

// New returns a collector of a budget's metrics. It may be scraped from many goroutines at once. Events are
// counted from this call on. It panics if b is nil.
func New(b *memacct.Budget, opts ...Option) prometheus.Collector {
	if b == nil {
		panic("memprom: New(nil): open the budget first, with memacct.New")
	}
	c := &collector{budget: b, labels: prometheus.Labels{}, descs: map[string]*prometheus.Desc{}, events: map[memacct.EventKind]float64{}}
	for _, o := range opts {
		o(c)
	}
	for _, kind := range eventKinds {
		c.events[kind] = 0 // a series must be there before its first event, or no rate sees that one
	}
	c.describe()
	b.Watch(c.count)
	return c
}

// collector is all metrics of one budget. The descriptions never change; what they have values for does.
type collector struct {
	budget *memacct.Budget
	labels prometheus.Labels
	descs  map[string]*prometheus.Desc // by name

	mu     sync.Mutex
	events map[memacct.EventKind]float64 // seen so far
}

// count counts an event.
func (c *collector) count(e memacct.Event) {
	c.mu.Lock()
	c.events[e.Kind] += 1 + float64(e.More)
	c.mu.Unlock()
}

// describe makes the descriptions.
func (c *collector) describe() {
	add := func(name, help string, labels ...string) {
		c.descs[name] = prometheus.NewDesc(name, help, labels, c.labels)
	}
	for _, f := range figures.Budget {
		add(ofBudget+f.Key, f.Help)
	}
	for _, f := range figures.Account {
		add(ofAccount+f.Key, f.Help, "account")
	}
	for _, f := range figures.Queue {
		add(ofQueue+f.Key, f.Help, "account", "queue", "kind")
	}
	add(holdBytes, "Bytes that an aggregate keeps and has charged by name.", "account", "hold")
	add(queueInfo, "A queue and the Go type of its units. The value is always 1.", "account", "queue", "kind", "type")
	add(batchesTotal, "Batches handed on, by what ended them.", "account", "queue", "kind", "cause")
	add(eventsTotal, "Rare things that the budget decided or noticed since the collector was made, by their kind.", "event")
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector]: it sends the figures of one moment.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.budget.Stats()
	send(c, out, ofBudget, figures.Budget, s)
	for name, a := range merge(s.Accounts, accountName, addAccount) {
		send(c, out, ofAccount, figures.Account, a, name)
	}
	holds := map[[2]string]int64{}
	for _, a := range s.Accounts {
		for _, h := range a.Holds {
			holds[[2]string{valid(a.Name), valid(h.Name)}] += h.Bytes
		}
	}
	for labels, n := range holds {
		c.send(out, holdBytes, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	types := map[[4]string]bool{}
	for id, q := range merge(s.Queues, queueID, addQueue) {
		send(c, out, ofQueue, figures.Queue, q, id[:]...)
		for _, cause := range causes {
			c.send(out, batchesTotal, prometheus.CounterValue, float64(cause.of(q.Batches)), id[0], id[1], id[2], cause.name)
		}
	}
	for _, q := range s.Queues {
		id := queueID(q)
		types[[4]string{id[0], id[1], id[2], valid(q.Type)}] = true
	}
	for labels := range types {
		c.send(out, queueInfo, prometheus.GaugeValue, 1, labels[:]...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for kind, n := range c.events {
		c.send(out, eventsTotal, prometheus.CounterValue, n, valid(string(kind)))
	}
}

// send sends one value. It can't fail: the number of labels is ours, and their values are valid.
func (c *collector) send(out chan<- prometheus.Metric, name string, kind prometheus.ValueType, value float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(c.descs[name], kind, value, labels...)
}

// send sends what a table of figures reads from one thing.
func send[T any](c *collector, out chan<- prometheus.Metric, prefix string, table []figures.Figure[T], from T, labels ...string) {
	for _, f := range table {
		kind := prometheus.GaugeValue
		if f.Counts {
			kind = prometheus.CounterValue
		}
		if v := f.Of(from); v != 0 || !f.Unknown0 {
			c.send(out, prefix+f.Key, kind, v, labels...)
		}
	}
}

// merge sums up what has the same labels. Two series with the same labels would make the whole scrape fail, and
// nothing keeps a program from calling two of its accounts the same.
func merge[K comparable, T any](all []T, key func(T) K, add func(a, b T) T) map[K]T {
	merged := make(map[K]T, len(all))
	for _, one := range all {
		k := key(one)
		if sum, ok := merged[k]; ok {
			one = add(sum, one)
		}
		merged[k] = one
	}
	return merged
}

// valid is a name as a label may have it. Names are the program's: a path, say, in whatever encoding.
func valid(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

func accountName(a memacct.AccountStats) string { return valid(a.Name) }

// queueID is the labels of a queue: its account, its name, and its kind.
func queueID(q memacct.QueueStats) [3]string {
	kind := "queue"
	if q.Gate {
		kind = "gate"
	}
	return [3]string{valid(q.Account), valid(q.Name), kind}
}
