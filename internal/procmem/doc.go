// Package procmem tells what the kernel and the Go runtime say about the
// memory of this process and of the cgroup it runs in.
//
// There are five witnesses, and they answer different questions:
//
//   - [Read] and [Sampler]: the pages of this process, anonymous ones (what the
//     program allocated) apart from file-backed ones (its own text, which the
//     kernel may drop at any time). Claims are judged on RssAnon.
//   - VmHWM, in the same [Sample]: the exact peak of all resident pages, where
//     sampling may miss one; [ResetHighWater] begins it anew.
//   - [Cgroup]: what the kernel charges to the group, page cache included, and
//     whether it killed anything. Judge on kills; use alone proves little.
//   - [ReadGo]: the bytes that GOMEMLIMIT bounds, and whether the collector
//     holds the limit only by giving up on collecting.
//   - [HeapResident]: the pages of the Go heap alone.
//
// All but [ReadGo] need Linux. Elsewhere they return an error that wraps
// [ErrUnsupported] and says so; nothing else changes for the caller.
package procmem

import "errors"

// ErrUnsupported is wrapped by errors that say this system, or this kernel,
// has no such figure. It is no failure: report the figure as absent.
var ErrUnsupported = errors.New("not supported here")
