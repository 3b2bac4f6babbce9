// Package few has a body that its callers decode into small documents, and one of
// which nobody knows.
package few

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
)

type Balance struct{ Total, Used float64 }

func Body(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body) // low `low confidence: what its callers here decode is small`
}

func balance(address string) (b Balance, err error) {
	text, err := Body(address)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(text, &b)
}

func Other(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body) // low `the body of a response is returned as bytes`
}

// Unpacked is one of many, and packed because it is large.
func unpacked(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z) // low `low confidence: it may be one item of many`
}

type Source struct{ URL string }

func All(list []Source, use func([]byte)) {
	for _, s := range list {
		if b, err := unpacked(s.URL); err == nil {
			use(b)
		}
	}
}
