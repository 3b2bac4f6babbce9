// Package share knows which types belong to the process rather than to the values that refer
// to them.
package share

import (
	"reflect"
	"strings"
	"sync"
)

// always holds import paths and names without type arguments: nothing is imported only to be
// recognised.
var always = map[string]bool{
	"internal/abi.Type":  true, // one for the program, as are the rest of this group
	"reflect.rtype":      true,
	"reflect.Type":       true,
	"time.Location":      true,
	"unique.Handle":      true,
	"weak.Pointer":       true, // keeps nothing alive
	"sync.Pool":          true, // emptied by the collector
	"context.Context":    true, // belongs to the caller
	"regexp.Regexp":      true, // made once and used by many, as is the rest
	"os.File":            true,
	"log.Logger":         true,
	"log/slog.Logger":    true,
	"net/http.Client":    true,
	"net/http.Transport": true,
	"database/sql.DB":    true,
	"google.golang.org/protobuf/internal/impl.MessageInfo": true,
}

var (
	mu     sync.RWMutex
	marked = map[reflect.Type]bool{}
)

// Mark makes t, which is not a pointer, a shared type.
func Mark(t reflect.Type) {
	mu.Lock()
	defer mu.Unlock()
	marked[t] = true
}

// Is reports whether a t, or what a t points to, is shared.
func Is(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	mu.RLock()
	defer mu.RUnlock()
	// The contexts behind an interface are the types of package context.
	return marked[t] || t.Name() != "" && (always[Name(t)] || t.PkgPath() == "context")
}

// Name is the import path and name of t without type arguments.
func Name(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return t.PkgPath() + "." + name
}
