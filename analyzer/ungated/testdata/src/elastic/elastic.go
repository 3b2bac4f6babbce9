// Package elastic has queues whose capacity limits nothing.
package elastic

import (
	"flag"
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

type page struct {
	Host  string
	Items []*Event
}

func load(url string) *page {
	body, _ := fetch(url)
	return &page{Host: url, Items: []*Event{{Text: string(body)}}}
}

func pages(urls []string) <-chan *page {
	out := make(chan *page, len(urls)) // want `the channel is as long as urls`
	for _, u := range urls {
		go func() { out <- load(u) }()
	}
	return out
}

type status struct{ Host, State string }

func ask(url string) (*status, error) {
	body, err := fetch(url)
	return &status{url, string(body[:10])}, err
}

// One small answer for each.
func statuses(urls []string) <-chan *status {
	out := make(chan *status, len(urls)) // low `the channel is as long as urls, .*; low confidence: it holds one small answer`
	for _, u := range urls {
		go func() {
			s, _ := ask(u)
			out <- s
		}()
	}
	return out
}

// From here on nothing is to be said.

// What was typed on a command line is no long list.
func run(args []string) {
	out := make(chan []byte, len(args))
	for _, u := range args {
		go func() {
			body, _ := fetch(u)
			out <- body
		}()
	}
}

func typed(args []string) { bodies(args) }

func typedAgain() { bodies(flag.Args()) }

func bodies(urls []string) {
	out := make(chan []byte, len(urls))
	for _, u := range urls {
		go func() {
			body, _ := fetch(u)
			out <- body
		}()
	}
}

func limitInside(args []string, limit chan struct{}) {
	for _, u := range args {
		go func() {
			limit <- struct{}{}
			fetch(u)
			<-limit
		}()
	}
}

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

// What one call collects is no queue.
func (b *buffer) again() {
	b.waiting = make([]*Event, 0, 100)
	for e := range b.in {
		b.waiting = append(b.waiting, e)
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
