// Package fetch has the helpers that package public sees through by facts.
package fetch

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
)

// Get reads what is there.
func Get(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body) // low `the body of a response is returned as bytes`
}

// With hands the body to a function of the caller's.
func With(url string, use func(io.Reader) error) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return use(resp.Body)
}

// Fill unmarshals whichever format it is.
func Fill(text []byte, into any) error {
	if json.Valid(text) {
		return json.Unmarshal(text, into)
	}
	return xml.Unmarshal(text, into)
}
