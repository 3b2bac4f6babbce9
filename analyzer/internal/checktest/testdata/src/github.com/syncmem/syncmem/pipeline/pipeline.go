// Package pipeline stands in for the real one: its names, and nothing behind.
package pipeline

import "context"

type Out[T any] struct{}

func (o *Out[T]) Put(ctx context.Context, v T) error { return nil }

type In[T any] struct{}

func (i *In[T]) All(ctx context.Context) func(func(T) bool) { return nil }
