// Package fetch is a helper of another package.
package fetch

import (
	"io"
	"net/http"
)

func All(urls []string) ([][]byte, error) {
	var all [][]byte
	for _, u := range urls {
		body, err := get(u)
		if err != nil {
			return nil, err
		}
		all = append(all, body)
	}
	return all, nil
}

func get(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}
