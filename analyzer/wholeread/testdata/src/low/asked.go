package low

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
)

// What an answer is decoded into is for the caller to choose: a parameter, or a type.

func decodeAny[T any](r io.Reader) (*T, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var v T
	return &v, xml.NewTokenDecoder(xml.NewDecoder(bytes.NewReader(raw))).Decode(&v)
}

type sender struct{ http *http.Client }

func (s *sender) do(req *http.Request, result any) error {
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return decoderOf(raw).Decode(result)
}

func decoderOf(raw []byte) *json.Decoder { return json.NewDecoder(bytes.NewReader(raw)) }

// Without a caller's target it is read for nothing.
func (s *sender) check(req *http.Request) error {
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body) // want `it is only read again or written on`
	if err != nil {
		return err
	}
	var v Entry
	return decoderOf(raw).Decode(&v)
}
