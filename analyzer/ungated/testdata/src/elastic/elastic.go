// Package elastic has queues whose capacity limits nothing.
package elastic

import (
	"io"
	"net/http"
)

type Event struct{ Kind, Text string }

type buffer struct {
	in      chan *Event
	waiting []*Event
}

func (b *buffer) drain() {
	for e := range b.in {
		b.waiting = append(b.waiting, e) // want `memvet/ungated: b.waiting takes whatever b.in carries`
	}
}

func chunks(chunkSize int) chan []Event {
	return make(chan []Event, chunkSize) // want `as many batches as a batch has items`
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func answers(urls []string) <-chan []byte {
	out := make(chan []byte, len(urls)) // want `the channel is as long as urls`
	for _, u := range urls {
		go func() {
			body, _ := fetch(u)
			out <- body
		}()
	}
	return out
}

// From here on nothing is to be said.

func (b *buffer) bounded(flush func([]*Event)) {
	for e := range b.in {
		b.waiting = append(b.waiting, e)
		if len(b.waiting) == 100 {
			flush(b.waiting)
			b.waiting = nil
		}
	}
}

func (b *buffer) flushed(flush func([]*Event)) {
	for e := range b.in {
		b.waiting = append(b.waiting, e)
		flush(b.waiting)
		b.waiting = b.waiting[:0]
	}
}

func local(in chan *Event) (all []*Event) {
	for e := range in {
		all = append(all, e)
	}
	return all
}

func events(batchSize int) (chan Event, chan []Event) {
	return make(chan Event, batchSize), make(chan []Event, 2)
}

func lengths(urls []string) <-chan int {
	out := make(chan int, len(urls))
	for _, u := range urls {
		body, _ := fetch(u)
		out <- len(body)
	}
	return out
}
