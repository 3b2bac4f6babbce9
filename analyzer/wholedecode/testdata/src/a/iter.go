package a

import (
	"encoding/json"
	"iter"
	"net/http"
)

type iterUnit struct{ Name, Version string }

// The yield belongs to the literal, the stage is the function that returns it.
func iterated(url string) iter.Seq2[iterUnit, error] {
	return func(yield func(iterUnit, error) bool) {
		resp, err := http.Get(url)
		if err != nil {
			yield(iterUnit{}, err)
			return
		}
		var all []iterUnit
		if err := json.NewDecoder(resp.Body).Decode(&all); err != nil { // want `returns an iterator over its units`
			yield(iterUnit{}, err)
			return
		}
		for _, u := range all {
			if !yield(u, nil) {
				return
			}
		}
	}
}
