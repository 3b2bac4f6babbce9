package govern

import "time"

// From these on something is worth a word, an alarm, or a shut gate: all of them, for events, reports and the page.

// Where running out of memory begins to show.
const (
	residentAlarm = 0.95 // resident part of the process limit
	heldAlarm     = 0.98 // part of a cgroup's limit held by what is no page cache
	slowedAlarm   = 0.85 // the same, where the kernel slows the group down as well: page cache alone brings that about
	stillAlarm    = 0.2  // part of the time in which nothing in the group goes on for want of memory, where so much is held
	liveAlarm     = 0.95 // live part of the heap's goal, after two collections in a row
)

// An alarm that was told is told again only after that many checks without it, and that much later.
const (
	calmChecks = 8
	tellEvery  = 30 * time.Second
)

// briefly is how many checks in a row a condition may hold without a word where it is a matter of a little less or
// more: the next look finds that the shut gate was enough.
const briefly = 3

// Where thrashing begins and ends: the part of all processors that collecting takes. Marking takes a quarter
// of them while it runs; so above this one a collection is nearly always under way, or the program has to help.
const (
	ThrashFrom = 0.25
	thrashEnd  = 0.15
	// ThrashOver is how long it must go on: every program collects much for a moment, when it starts.
	ThrashOver = 3 * time.Second
	// thrashStale is how long ago the last collection is when it is over: a process that rests collects every two minutes.
	thrashStale = 10 * time.Second
)

// Where letting units in one by one is a crawl, see [Crawl]: so many in ThrashOver or more, and none later than a gap after
// the one before.
const (
	CrawlUnits = 8
	CrawlGap   = time.Second
	// SlowGap is the same where nothing else got in meanwhile, but for crawlBeside units, and for the steps of a unit that is
	// being built: where the kernel drops the program's own code, or one unit has nearly all of a process, a collection
	// alone may take longer than a second.
	SlowGap     = 10 * time.Second
	crawlBeside = 2
	// crawlGrew is the inverse of the part of a process limit that what is kept must have grown by for a crawl to lead
	// nowhere, and it must have lasted as long as the sync did before it: between crawlLeast, for who begins with it, and
	// crawlMost, for a budget that was open long before.
	crawlGrew  = 32
	crawlLeast = 10 * time.Second
	crawlMost  = time.Minute
)

// Sizes that are off, by the slope of the live heap on what is accounted, either way.
const (
	// sizesOffBy is the factor, either way, at which an event tells it, and sizesOffFor how long it must last. What is
	// allocated while the collector marks counts as alive: with units of many small blocks, and nothing but GOGC to
	// bring collections about, sizes that were exact looked up to 1.4 times too small.
	sizesOffBy  = 1.5
	sizesOffFor = 10 * time.Second
	// SizesOffNow is the factor at which the page says so while it lasts: who looks at it sees it come and go.
	SizesOffNow = 1.2
)

// What units weigh downstream over what they weighed at the gate.
const (
	// GrewMuch is from where that is a cause of debt: less is what a stage adds to its units' fields.
	GrewMuch = 1.05
	// GrowsMuch is from where the page says that WithGrowth would have the gate charge it.
	GrowsMuch = 1.2
)

// Parts of the process limit.
const (
	worthAWord = 32  // its inverse: a part of memory beside the content is named from there on
	PinsMuch   = 0.5 // what lives and is neither content nor baseline
	FullLimit  = 1.0 // what is resident
)
