// Package accumulate finds first stages that collect all units before the
// first is emitted.
package accumulate

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "accumulate",
	Title: "accumulate finds first stages that collect all units before the first is emitted",
	Why: `A slice or map that a reading loop fills, and that is used only when the loop is
over, holds the whole catalog at once, however carefully each item was read. No
limit downstream can help: the first unit reaches the gate when the memory is
already spent.`,
	Before: `
var all []Package
for scanner.Scan() {
	all = append(all, parse(scanner.Text()))
}
return save(all)`,
	After: `
for scanner.Scan() {
	if err := units.Put(ctx, parse(scanner.Text())); err != nil {
		return err
	}
}`,
	More: []check.Case{
		{
			Title: "The function returns the list: it takes a callback instead",
			Before: `
func Packages(r io.Reader) ([]Package, error) {
	var all []Package
	for dec := json.NewDecoder(r); dec.More(); {
		var p Package
		if err := dec.Decode(&p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}`,
			After: `
func Packages(r io.Reader, each func(Package) error) error {
	for dec := json.NewDecoder(r); dec.More(); {
		var p Package
		if err := dec.Decode(&p); err != nil {
			return err
		}
		if err := each(p); err != nil {
			return err
		}
	}
	return nil
}`,
		},
		{
			Title: "Page after page: it returns an iterator instead",
			Before: `
func (c *Client) List(ctx context.Context) ([]Package, error) {
	var all []Package
	for next := "first"; next != ""; {
		page, err := c.page(ctx, next)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Packages...)
		next = page.Next
	}
	return all, nil
}`,
			After: `
func (c *Client) List(ctx context.Context) iter.Seq2[Package, error] {
	return func(yield func(Package, error) bool) {
		for next := "first"; next != ""; {
			page, err := c.page(ctx, next)
			if err != nil {
				yield(Package{}, err)
				return
			}
			for _, p := range page.Packages {
				if !yield(p, nil) {
					return
				}
			}
			next = page.Next
		}
	}
}`,
		},
		{
			Title: "A queue is filled before anything takes from it: the put that finds it full waits for ever",
			Before: `
units := memacct.NewGate(account, "packages", 1000, sizer.Of[*Package])
for p := range packages {
	if err := units.Put(ctx, p); err != nil {
		return err
	}
}
units.Close()
for p := range units.All(ctx) {
	save(p)
}`,
			After: `
units := memacct.NewGate(account, "packages", 1000, sizer.Of[*Package])
go func() {
	defer units.Close()
	for p := range packages {
		if units.Put(ctx, p) != nil {
			return
		}
	}
}()
for p := range units.All(ctx) {
	save(p)
}`,
		},
	},
	Since: "v0.1.0",
	Silent: []string{
		"the loop is not driven by a stream: its trip count is fixed before anything is read, or it goes over arguments of a command",
		"the batch is flushed inside the loop: it is reset, or cut to length zero",
		"the function is asked for a number of items: a limit, page size or count among its parameters, or a SetLimit call",
		"sets of keys that only remove duplicates, errors, addresses, and lists of strings such as paths",
		"the collection is not used after the loop",
		"of queues: one that came as a parameter or is a field, one that anything uses before the puts are over, a channel with room for a list's length or whose length is asked for, and a number of puts that is in the source",
		"what is put into a map empty, which is judged where it is filled",
		"settings and the like by their names, the output of a command, and a copy of what nothing shows to be large",
		"by default, and not with -confidence=low: it may be one file of many or a flat list in a local file, it refers to what is held already, or is no body and comes over a channel into what is no declared stage",
	},
}
