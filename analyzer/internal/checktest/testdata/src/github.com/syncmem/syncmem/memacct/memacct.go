// Package memacct stands in for the real one: its names, and nothing behind.
package memacct

import (
	"context"
	"iter"
)

type Account struct{}

type Gate[T any] struct{}

func NewGate[T any](a *Account, name string, capacity int, size func(T) int64) *Gate[T] { return nil }

func (g *Gate[T]) Put(ctx context.Context, v T) error  { return nil }
func (g *Gate[T]) All(ctx context.Context) iter.Seq[T] { return nil }
func (g *Gate[T]) Reserve(ctx context.Context, n int64) (*Reservation[T], error) {
	return nil, nil
}

type Queue[T any] struct{}

func NewQueue[T any](a *Account, name string, capacity int, size func(T) int64) *Queue[T] {
	return nil
}

type Batch struct{ Size int }

func (q *Queue[T]) Put(ctx context.Context, v T) error                 { return nil }
func (q *Queue[T]) All(ctx context.Context) iter.Seq[T]                { return nil }
func (q *Queue[T]) Batches(ctx context.Context, b Batch) iter.Seq[[]T] { return nil }
func (q *Queue[T]) Leases(ctx context.Context) iter.Seq[*Lease[T]]     { return nil }

type Lease[T any] struct{}

func (l *Lease[T]) Value() T                     { var v T; return v }
func (l *Lease[T]) Release()                     {}
func (l *Lease[T]) Detach()                      {}
func (l *Lease[T]) Split(v T) (*Lease[T], error) { return nil, nil }

type Reservation[T any] struct{}

func (r *Reservation[T]) Put(ctx context.Context, v T) error { return nil }
func (r *Reservation[T]) Release()                           {}

func (r *Reservation[T]) GrowTo(ctx context.Context, n int64) error { return nil }

type Building[T any] struct{}

func (g *Gate[T]) Building(ctx context.Context) *Building[T] { return nil }

func (u *Building[T]) Weighs(bytes int64) error               { return nil }
func (u *Building[T]) Put(ctx context.Context, v T) error     { return nil }
func (u *Building[T]) Release()                               {}
