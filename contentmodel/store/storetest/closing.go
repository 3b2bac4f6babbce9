package storetest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// closing is what happens around a Close, between writers, and when a save is cut off.
var closing = []testCase{
	{"a closed store says so", (*suite).closed},
	{"Close waits for a save", (*suite).closeDuringSave},
	{"Close waits for a save that waits for its turn", (*suite).closeWithQueue},
	{"many Closes at once", (*suite).closeMany},
	{"a save that waits for its turn can be cancelled", (*suite).cancelledTurn},
	{"queries run beside saves", (*suite).concurrent},
	{"writers of the same units make each once", (*suite).overlapping},
	{"a cancel at any moment leaves all or nothing", (*suite).cancelledAnywhen},
	{"a unit that ends its goroutine leaves nothing", (*suite).goexit},
	{"what was saved is there when the store is opened again", (*suite).reopened},
}

func (s *suite) closed() {
	units := Many(0, 3)
	s.save(3, units...)
	require.NoError(s, s.store.Close())
	s.wantClosed()
	require.NoError(s, s.store.Close(), "a second Close")
}

// wantClosed checks that every call says at once that the store is closed.
func (s *suite) wantClosed() {
	s.Helper()
	units := Many(0, 3)
	_, err := s.store.Save(s.Context(), units)
	require.ErrorIs(s, err, store.ErrClosed)
	_, err = s.store.Save(s.Context(), nil)
	require.ErrorIs(s, err, store.ErrClosed)
	require.ErrorIs(s, s.store.Existing(s.Context(), units, make([]bool, 3)), store.ErrClosed)
	_, err = s.store.Count(s.Context())
	require.ErrorIs(s, err, store.ErrClosed)
	require.ErrorIs(s, s.store.Body(s.Context(), "test", units[0].Key(), io.Discard), store.ErrClosed)
}

// held is a unit whose body stops in the middle until it is let go.
func held() (u *Unit, reached <-chan struct{}, letGo func()) {
	at, free := make(chan struct{}), make(chan struct{})
	pieces := 0
	return &Unit{Name: "held", Len: 200 << 10, Before: func() {
		if pieces++; pieces == 20 {
			close(at)
			<-free
		}
	}}, at, sync.OnceFunc(func() { close(free) })
}

// saved is the answer of a Save on another goroutine.
type saved struct {
	n   int
	err error
}

func (s *suite) saveAside(ctx context.Context, units ...contentmodel.Unit) <-chan saved {
	answer := make(chan saved, 1)
	go func() {
		n, err := s.store.Save(ctx, units)
		answer <- saved{n, err}
	}()
	return answer
}

// closeAside begins to close and returns when calls are refused.
func (s *suite) closeAside() <-chan error {
	s.Helper()
	answer := make(chan error, 1)
	go func() { answer <- s.store.Close() }()
	for {
		if _, err := s.store.Count(s.Context()); errors.Is(err, store.ErrClosed) {
			return answer
		}
		runtime.Gosched()
	}
}

// closeDuringSave also asks the closing store for something: an answer that waited for the save would be late, or, if a
// unit of the save asks, never come.
func (s *suite) closeDuringSave() {
	u, reached, letGo := held()
	defer letGo()
	save := s.saveAside(s.Context(), append(Many(0, 100), u)...)
	<-reached
	closed := s.closeAside()
	s.wantClosed()
	require.Empty(s, closed, "Close came back before the save")
	letGo()
	require.NoError(s, <-closed)
	require.Equal(s, saved{101, nil}, <-save)
	s.reopen()
	s.wantCount(101)
	s.wantBody(u)
}

func (s *suite) closeWithQueue() {
	u, reached, letGo := held()
	defer letGo()
	first := s.saveAside(s.Context(), u)
	<-reached
	ctx, cancel := context.WithCancel(s.Context())
	patient, gone := s.saveAside(s.Context(), Many(0, 10)...), s.saveAside(ctx, Many(10, 10)...)
	closed := s.closeAside()
	cancel()
	if got := <-gone; !errors.Is(got.err, store.ErrClosed) { // it began after the Close
		require.ErrorIs(s, got.err, context.Canceled)
	}
	letGo()
	require.NoError(s, <-closed)
	require.Equal(s, saved{1, nil}, <-first)
	want := 1
	if got := <-patient; got.err == nil {
		require.Equal(s, 10, got.n)
		want += 10
	} else {
		require.ErrorIs(s, got.err, store.ErrClosed)
	}
	s.reopen()
	s.wantCount(want)
}

func (s *suite) closeMany() {
	u, reached, letGo := held()
	defer letGo()
	save := s.saveAside(s.Context(), u)
	<-reached
	var all []<-chan error
	for range 4 {
		all = append(all, s.closeAside())
	}
	letGo()
	for _, closed := range all {
		require.NoError(s, <-closed)
	}
	require.Equal(s, saved{1, nil}, <-save)
}

func (s *suite) cancelledTurn() {
	u, reached, letGo := held()
	defer letGo()
	first := s.saveAside(s.Context(), u)
	<-reached
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := s.store.Save(ctx, Many(0, 10))
	require.ErrorIs(s, err, context.DeadlineExceeded)
	require.Empty(s, first, "the first save was not held")
	letGo()
	require.Equal(s, saved{1, nil}, <-first)
	s.wantCount(1)
	s.save(10, Many(0, 10)...)
}

// concurrent saves from two sides and asks from two others. What was reported
// saved must be found.
func (s *suite) concurrent() {
	const batches, size = 20, 100
	var all sync.WaitGroup
	errs := make(chan error, 4*batches)
	saved := make(chan int, 2*batches)
	for side := range 2 {
		all.Go(func() {
			for i := range batches {
				first := (2*i + side) * size
				n, err := s.store.Save(s.Context(), Many(first, size))
				if err == nil && n != size {
					err = errors.New("not all were new")
				}
				errs <- err
				saved <- first
			}
		})
		all.Go(func() {
			for range batches {
				found := make([]bool, size)
				err := s.store.Existing(s.Context(), Many(<-saved, size), found)
				if err == nil && slices.Contains(found, false) {
					err = errors.New("saved units were not found")
				}
				errs <- err
			}
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		require.NoError(s, err)
	}
	s.wantCount(2 * batches * size)
}

// overlapping has two writers of one store and two of another on the same place, all with the same units in orders of
// their own: each unit is new to one of them, and none waits for ever.
func (s *suite) overlapping() {
	const batches, size = 8, 50
	other := s.open(s.T)
	defer func() { require.NoError(s, other.Close()) }()
	var all sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for writer, st := range []store.Versioned{s.store, s.store, other, other} {
		all.Go(func() {
			for i := range batches {
				if writer%2 == 1 {
					i = batches - 1 - i
				}
				units := append(Many(i*size, size), &Unit{Name: "big", Len: 100 << 10})
				if writer > 1 {
					slices.Reverse(units)
				}
				n, err := st.Save(s.Context(), units)
				mu.Lock()
				total += n
				mu.Unlock()
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(s, batches*size+1, total, "new units of all writers")
	s.wantCount(batches*size + 1)
	for _, u := range append(Many(0, batches*size), &Unit{Name: "big", Len: 100 << 10}) {
		var b countWriter
		require.NoError(s, s.store.Body(s.Context(), u.Kind(), u.Key(), &b))
		require.NotZero(s, b)
	}
	s.wantBody(&Unit{Name: "big", Len: 100 << 10})
}

type countWriter int

func (w *countWriter) Write(b []byte) (int, error) {
	*w += countWriter(len(b))
	return len(b), nil
}

// cancelledAnywhen cuts saves off at moments spread over the time one takes. What Save says must be what is there, and
// the store must work on.
func (s *suite) cancelledAnywhen() {
	const size, moments = 200, 40
	start := time.Now()
	s.save(size, Many(0, size)...)
	step := time.Since(start) * 3 / 2 / moments
	kept := size
	for i := range moments {
		ctx, cancel := context.WithTimeout(s.Context(), time.Duration(i)*step)
		n, err := s.store.Save(ctx, Many((i+1)*size, size))
		cancel()
		if err != nil {
			require.ErrorIs(s, err, context.DeadlineExceeded)
			require.Zero(s, n)
		} else {
			require.Equal(s, size, n)
		}
		kept += n
		s.wantCount(kept)
	}
	s.save(size, Many((moments+1)*size, size)...)
}

// goexit is what a failing assertion of a test does inside a unit.
func (s *suite) goexit() {
	units := append(Many(0, 100), &Unit{Name: "bad", Len: 100 << 10, Before: runtime.Goexit})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = s.store.Save(s.Context(), units)
	}()
	<-ended
	s.wantNothing(0, units)
}

func (s *suite) reopened() {
	units := append(Many(0, 100), &Unit{Name: "big", Len: 300 << 10})
	s.save(101, units...)
	s.reopen()
	s.wantCount(101)
	s.save(0, units...)
	for _, u := range units {
		s.wantBody(u.(*Unit))
	}
}
