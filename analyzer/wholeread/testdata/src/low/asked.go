package low

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"

	"golang.org/x/net/html"
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

// What is verified is there before it is used.
func signed(w io.Writer, r io.Reader) error {
	raw, err := io.ReadAll(r) // low `low confidence: it is verified before it is used`
	if err != nil {
		return err
	}
	if err := checkSignature(bytes.NewReader(raw)); err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func checkSignature(r io.Reader) error { return nil }

func article(page io.Reader) (string, error) {
	n, err := html.Parse(page)
	if err != nil || n == nil {
		return "", err
	}
	return "text", nil
}

// One page of the web.
func crawl(w http.ResponseWriter, r *http.Request) {
	resp, err := http.Get("https://example.org/story")
	if err != nil {
		return
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body) // low `low confidence: one page of HTML is rarely large`
	if err != nil {
		return
	}
	text, _ := article(bytes.NewReader(raw))
	io.WriteString(w, text)
}
