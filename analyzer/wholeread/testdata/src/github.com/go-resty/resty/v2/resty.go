// Package resty stands in for the real one.
package resty

type Response struct{ body []byte }

func (r *Response) Body() []byte { return r.body }

type Request struct{}

func (r *Request) Get(url string) (*Response, error) { return nil, nil }
