package main

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/record"
)

//go:embed static
var static embed.FS

var pageTemplate = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"css": func() template.CSS { text, _ := static.ReadFile("static/report.css"); return template.CSS(text) },
}).ParseFS(static, "static/report.html"))

// page is a report.
type page struct {
	Title  string
	Faults []string
	Parts  []*part
}

// part is the page's part for one run, comparison or sweep.
type part struct {
	Name, What       string // a run, a comparison, a sweep
	Class, Verdict   string // ok, bad or warn
	Says             string // one sentence more
	Tiles            []tile
	Shown            string // which of several runs the charts are of
	Charts           []figure
	Modes, Rungs     *table
	Batches          []stack
	Heaviest, Kinds  *table
	Events, Baseline *table
	Ended            string // what the record says of the end, where there is no result
	Line             string
	Env              [][2]string
	Note, Source     string
	Beside           []besideSync
}

type tile struct {
	Name, Big, Sub string
	Part           float64 // of a meter, in percent; negative for none
	Full           bool
}

// table is text.
type table struct {
	Head  []string
	Rows  [][]string
	Bad   []bool // rows to be marked; may be nil
	Words bool   // the last column is a sentence
}

// stack is a bar of parts.
type stack struct {
	Name, Sub string
	Parts     []stackPart
}

type stackPart struct {
	Name, Class string
	Count       int64
	Percent     float64
}

// figure is a chart as wide as a desk's screen, and as wide as a phone's.
type figure struct {
	Title, Sub   string
	Wide, Narrow template.HTML
	Legend       []legend
	Whole        bool // takes the whole row
}

type legend struct {
	Name, Class  string
	Dashed, Band bool
}

// renderPage writes the page of all evidence.
func renderPage(w io.Writer, all []*evidence, faults error) error {
	p := &page{Title: "syncbench"}
	if faults != nil {
		p.Faults = strings.Split(faults.Error(), "\n")
	}
	for _, e := range all {
		p.Parts = append(p.Parts, newPart(e))
	}
	p.Title = "syncbench: " + p.Parts[0].Verdict
	return pageTemplate.Execute(w, p)
}

// newPart says what one piece of evidence shows.
func newPart(e *evidence) *part {
	p := &part{Name: e.name}
	if e.folder != nil {
		p.Line = e.folder.Line
	}
	if e.finding == nil {
		p.addUnfinished(e)
	} else {
		e.finding.show(p)
		p.addBaseline(e.finding.about().against)
	}
	shown := e.longest()
	if shown != e {
		p.Shown = shown.name
	}
	p.addRecord(shown.record, shown.result())
	if r := shown.result(); r != nil {
		p.addUnits(r)
		p.addBatches(r)
	}
	return p
}

// addUnfinished is a run that left no result.
func (p *part) addUnfinished(e *evidence) {
	p.What, p.Class, p.Verdict = "run", "bad", "KILLED"
	p.Says = "It ended without a result: it was killed, or crashed. What it had recorded by then is below."
	if e.folder != nil {
		p.What = e.folder.Command
	}
	if r := e.record; r != nil {
		switch r.Ended {
		case record.Running:
			p.Class, p.Verdict, p.Says = "warn", "RUNNING", "It is not at its end: this is what it has recorded so far."
		case record.Clean:
			p.Class, p.Verdict, p.Says = "warn", "ENDED", "There is a record without a result."
		}
		if s := r.Samples; len(s) > 0 {
			last := s[len(s)-1]
			p.Tiles = append(p.Tiles,
				meterTile("Memory at the last sample", last.RSS, last.Process),
				tile{"Accounted then", bytesize.Format(last.Used), "of " + bytesize.Format(last.Limit) + " for content", -1, false},
				tile{"Units in flight then", fmt.Sprint(last.Units), fmt.Sprintf("%d puts waited", last.Waiters), -1, false},
				tile{"Recorded", r.Last.Sub(r.Opened).Round(folderEvery).String(), fmt.Sprintf("%d samples", len(s)), -1, false})
		}
	}
}

// meterTile shows what was used of a limit.
func meterTile(name string, used, limit int64) tile {
	t := tile{Name: name, Big: bytesize.Format(used), Part: -1}
	if limit > 0 {
		t.Sub = fmt.Sprintf("%.0f %% of %s", 100*float64(used)/float64(limit), bytesize.Format(limit))
		t.Part, t.Full = min(100, 100*float64(used)/float64(limit)), used > limit
	}
	return t
}

// verdictClass is how a verdict is coloured.
func verdictClass(verdict string) string {
	if verdict == verdictHeld {
		return "ok"
	}
	return "bad"
}

// show is one run.
func (r *result) show(p *part) {
	p.What, p.Source, p.Note, p.Class = "run", r.Source, r.Note, verdictClass(r.Verdict)
	p.Beside, p.Verdict = r.Beside, r.words()
	switch {
	case r.Verdict == verdictFailed && r.Error == "interrupted":
		p.Verdict = "FAILED: interrupted"
	case r.Error != "":
		p.Says = firstLine(r.Error)
	case r.Verdict == verdictHeld && r.Mode != modeBytes:
		p.Says = "Nothing bounded its bytes: this is a control."
	}
	p.addEnv(r.Env)
	if r.Units == 0 && r.Verdict != verdictHeld {
		return // nothing was measured that is worth a tile
	}
	rate := fmt.Sprintf("%d in %.1f s", r.Units, r.Seconds)
	batch := fmt.Sprintf("%d of %d handed on early, for want of memory", r.Batches.Pressure, r.Batches.total())
	kills := ""
	if r.OOMKills != nil {
		kills = fmt.Sprintf("; oom_kill %d", *r.OOMKills)
	}
	peak := meterTile("Peak", r.peak(), r.Limit)
	peak.Sub += kills
	p.Tiles = append(p.Tiles, peak,
		tile{"Units a second", fmt.Sprintf("%.0f", r.UnitsPerSecond), rate, -1, false},
		tile{"Mean batch", fmt.Sprintf("%.0f units", r.MeanBatch), batch, -1, false},
		tile{"Gate closed", fmt.Sprintf("%.1f s", r.GateWait), fmt.Sprintf("%d waits, of %.1f s", r.GateWaits, r.Seconds), -1, false},
		tile{"Accounted", bytesize.Format(r.AccountedPeak), "at most, of " + bytesize.Format(r.ContentAtPeak) + " then", -1, false},
		tile{"Garbage collection", fmt.Sprintf("%.0f %%", 100*r.GCCPU), gcWords(r), -1, r.GCLimited})
}

func gcWords(r *result) string {
	if r.GCLimited {
		return "of the program's processor time; it gave up on the Go limit for a while"
	}
	return "of the program's processor time"
}

// total is the number of batches.
func (b batches) total() int64 { return b.Size + b.Bytes + b.Pressure + b.End + b.Awaited }

// addEnv lists what the figures depend on.
func (p *part) addEnv(env map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(env)) {
		p.Env = append(p.Env, [2]string{k, env[k]})
	}
}

// addBaseline is what a result was compared with.
func (p *part) addBaseline(a *against) {
	if a == nil {
		return
	}
	if a.Regressed {
		p.Class, p.Says = "bad", "It is worse than its baseline, "+a.File+". "+p.Says
	}
	p.Baseline = &table{Head: []string{"of", "figure", "before", "now", "ratio", ""}, Words: true}
	for _, r := range a.Rows {
		p.Baseline.Rows = append(p.Baseline.Rows, []string{r.Of, r.Figure, r.amount(r.Before), r.amount(r.Now), fmt.Sprintf("%.2f", r.Ratio), r.verdict()})
		p.Baseline.Bad = append(p.Baseline.Bad, r.Worse)
	}
}
