package a

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const limit = 1 << 20

type Index struct{ Names []string }

func decodes(r io.Reader) (*Index, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit)) // low `memvet/truncated: the limit cuts a larger document in silence, and what is left is decoded.*; low confidence: its decoder fails`
	if err != nil {
		return nil, err
	}
	i := new(Index)
	return i, json.Unmarshal(b, i)
}

func decoder(r io.Reader) (i Index, err error) {
	limited := io.LimitReader(r, limit) // low `what is left is decoded.*; low confidence: its decoder fails`
	err = json.NewDecoder(limited).Decode(&i)
	return i, err
}

func decodedAndPassedOn(w io.Writer, r io.Reader) (i Index) {
	b, err := io.ReadAll(io.LimitReader(r, limit)) // want `what is left is decoded`
	if err == nil && json.Unmarshal(b, &i) != nil {
		w.Write(b)
	}
	return i
}

func bounded(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, 512<<20)) // want `what is left is written on`
}

func proxy(w http.ResponseWriter, resp *http.Response) {
	if b, err := bounded(resp.Body); err == nil {
		w.Write(b)
	}
}

// From here on nothing is to be said.

func loadConfig(w io.Writer, r io.Reader) {
	b, _ := io.ReadAll(io.LimitReader(r, limit))
	w.Write(b)
}

func oneMore(r io.Reader) (*Index, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	i := new(Index)
	return i, json.Unmarshal(b, i)
}

func reached(r io.Reader) (*Index, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil || len(b) == limit {
		return nil, errors.New("too large")
	}
	i := new(Index)
	return i, json.Unmarshal(b, i)
}

func buffered(r io.Reader, i *Index) error {
	var buf bytes.Buffer
	if _, err := io.Copy(&buf, io.LimitReader(r, limit)); err != nil {
		return err
	}
	if int64(buf.Len()) >= limit {
		return errors.New("too large")
	}
	return json.Unmarshal(buf.Bytes(), i)
}

func fails(w http.ResponseWriter, r *http.Request, i *Index) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, i)
}

func errorBody(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return fmt.Errorf("%s: %s", resp.Status, b)
}

func checked(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, limit)) }

func checks(r io.Reader, i *Index) error {
	b, err := checked(r)
	if err != nil || len(b) >= limit {
		return errors.New("too large")
	}
	return json.Unmarshal(b, i)
}

func each(r io.Reader, use func(Index)) error {
	dec := json.NewDecoder(io.LimitReader(r, limit))
	for {
		var i Index
		if err := dec.Decode(&i); err != nil {
			return err
		}
		use(i)
	}
}

// Who sent too much is told that it does not parse.
func posted(w http.ResponseWriter, r *http.Request) {
	var i Index
	if err := json.NewDecoder(io.LimitReader(r.Body, limit)).Decode(&i); err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}
