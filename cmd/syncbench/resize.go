package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct"
)

// resize is a limit that changes while a run lasts; the zero value does not.
type resize struct {
	after time.Duration
	limit int64 // in bytes
}

// limitFromResize is where a limit is from that came into force meanwhile.
const limitFromResize = "--resize"

// due reports whether the change is to be in force after that time.
func (r resize) due(run time.Duration) bool { return r.limit > 0 && run >= r.after }

// checkResize reads --resize.
func (o *options) checkResize() (err error) {
	if o.resize == "" {
		return nil
	}
	after, amount, _ := strings.Cut(o.resize, ":")
	if o.then.after, err = time.ParseDuration(after); err != nil || o.then.after <= 0 {
		return fmt.Errorf("--resize: %q: want a time above 0 and an amount, such as 5s:48MiB", o.resize)
	}
	switch o.then.limit, err = bytesize.Parse(amount); {
	case err != nil:
		return fmt.Errorf("--resize: %w", err)
	case o.then.limit == 0:
		return fmt.Errorf("--resize: %w", errNoMemory)
	}
	return nil
}

// sayLate tells that a run of that length was over before the limit changed.
func (o *options) sayLate(run time.Duration) {
	if o.then.limit > 0 && run < o.then.after {
		stderr.logger().Warn(fmt.Sprintf("the run ended after %v, before --resize %s changed the limit: give an earlier time, or more units", run.Round(time.Millisecond), o.resize))
	}
}

// resizeBudget changes the budget's limit when it is time. Behind a wall nobody does it: the budget sees the wall change.
func (o *options) resizeBudget() (stop func()) {
	if o.then.limit == 0 || o.budget == nil {
		return func() {}
	}
	t := time.AfterFunc(o.then.after, func() {
		if err := o.budget.SetLimit(memacct.Process(o.then.limit).Named("--resize=" + o.resize)); err != nil {
			stderr.logger().Error("the limit did not change: " + err.Error())
		}
	})
	return func() { t.Stop() }
}
