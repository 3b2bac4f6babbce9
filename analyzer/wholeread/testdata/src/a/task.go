package a

import (
	"io"
	"net/http"
)

// One item a task: what a task reads is one of many, also when it tries again.
func tasks(urls []string, work chan<- func(), each chan<- []byte) {
	for _, u := range urls {
		work <- func() {
			for range 3 {
				if b, err := bodyOf(u); err == nil {
					each <- b
					return
				}
			}
		}
		go func() {
			resp, err := http.Get(u)
			if err != nil {
				return
			}
			b, _ := io.ReadAll(resp.Body)
			each <- b
		}()
	}
}

func bodyOf(u string) ([]byte, error) {
	resp, err := http.Get(u)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}
