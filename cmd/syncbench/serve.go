package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// server serves a folder, well or badly.
type server struct {
	dir, address, faultText, bandwidthText string
	delay, retryAfter                      time.Duration
	seed                                   uint64
	quiet                                  bool

	bandwidth int64 // bytes a second for each answer; 0 for no bound
	faults    []fault
	requests  atomic.Uint64
}

// fault is what goes wrong with a part of all answers.
type fault struct {
	name string
	part float64 // from 0 to 1
}

// The faults there are.
const (
	faultTruncate = "truncate" // the body is half of the file, and nothing says so
	faultReset    = "reset"    // the connection ends in the middle of the body
	faultCorrupt  = "corrupt"  // a bit in the middle of the body is another one
	faultStall    = "stall"    // after half of the body nothing comes any more
	faultBusy     = "429"      // too many requests, come back later
	faultDown     = "503"      // not available, come back later
)

var faultNames = []string{faultTruncate, faultReset, faultCorrupt, faultStall, faultBusy, faultDown}

func serveCommand() *cobra.Command {
	s := new(server)
	c := &cobra.Command{
		Use:   "serve DIR",
		Short: "Serve a folder over local HTTP, with delays and faults",
		Long: `serve answers requests for the files in a folder, as a mirror would, and for directories with a list. It prints its URL
on stdout and goes on until Ctrl-C. Which answers go wrong depends on --seed and on the number of the request alone, so
that the same requests meet the same faults.

Faults, each with the part of the answers that it takes: truncate (half of the body, and nothing says so), reset (the
connection ends in the middle), corrupt (one bit is another), stall (after half of the body nothing comes), 429 and 503
(come back after --retry-after).

Exit codes: 0 ended by Ctrl-C; 1 it can't serve; 2 wrong usage.`,
		Example: `  syncbench serve repo --addr localhost:8080
  syncbench serve repo --delay 50ms --bandwidth 1MiB
  syncbench serve repo --faults reset=0.1,503=0.05,corrupt=0.01 --seed 7`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("syncbench serve takes one DIR; see syncbench serve --help")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			s.dir = args[0]
			if err := s.check(); err != nil {
				return err
			}
			return s.serve(c.Context())
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&s.address, "addr", "localhost:0", "the `address` to listen at; port 0 takes one that is free")
	f.DurationVar(&s.delay, "delay", 0, "how long each answer waits first")
	f.StringVar(&s.bandwidthText, "bandwidth", "", "the `amount` a second that each answer gets, such as 1MiB (default: no bound)")
	f.StringVar(&s.faultText, "faults", "", "what goes wrong, and for which `part` of the answers: NAME=PART,... with parts from 0 to 1")
	f.DurationVar(&s.retryAfter, "retry-after", time.Second, "what 429 and 503 say; whole seconds")
	f.Uint64Var(&s.seed, "seed", 1, "of the faults")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "no line on stderr for each request")
	return c
}

// check says what is wrong with the flags before anything is opened.
func (s *server) check() (err error) {
	if s.bandwidthText != "" {
		if s.bandwidth, err = bytesize.Parse(s.bandwidthText); err == nil && s.bandwidth == 0 {
			err = errors.New("0 a second never ends: leave it out for no bound")
		}
		if err != nil {
			return fmt.Errorf("--bandwidth: %w", err)
		}
	}
	if s.delay < 0 || s.retryAfter < 0 {
		return errors.New("--delay and --retry-after: want a time of 0 or more, such as 50ms")
	}
	if s.faultText == "" {
		return nil
	}
	sum := 0.0
	for one := range strings.SplitSeq(s.faultText, ",") {
		name, part, _ := strings.Cut(one, "=")
		p, err := strconv.ParseFloat(part, 64)
		if err != nil || !(p >= 0 && p <= 1) || !slices.Contains(faultNames, name) {
			return fmt.Errorf("--faults: %q: want one of %s, an equals sign and a part from 0 to 1, such as reset=0.1", one, strings.Join(faultNames, ", "))
		}
		s.faults = append(s.faults, fault{name, p})
		sum += p
	}
	if sum > 1 {
		return fmt.Errorf("--faults: the parts are %g together: more than all answers can't go wrong", sum)
	}
	return nil
}

func (s *server) serve(ctx context.Context) error {
	if info, err := os.Stat(s.dir); err != nil {
		return failed(err)
	} else if !info.IsDir() {
		return failed(fmt.Errorf("%s is a file: name the folder it is in", s.dir))
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return failed(fmt.Errorf("--addr: %w", err))
	}
	// Handlers that stall end with the program, and so does a client that never ends its headers.
	h := &http.Server{Handler: s.handler(os.DirFS(s.dir)), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(&stderr, "syncbench: serve: ", 0)}
	fmt.Printf("http://%s/\n", l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case <-ctx.Done():
		_ = h.Close() // its listener is closed, whatever it says
		<-ended
		return nil
	case err := <-ended:
		return failed(err)
	}
}

// pick is the fault of one request, "" for none.
func (s *server) pick(request uint64) string {
	dice := rand.New(rand.NewPCG(s.seed, request)).Float64()
	for _, f := range s.faults {
		if dice < f.part {
			return f.name
		}
		dice -= f.part
	}
	return ""
}
