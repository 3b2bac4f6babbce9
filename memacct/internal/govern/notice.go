package govern

// Notice is something worth telling.
type Notice struct {
	Kind  kind
	Bytes int64 // that it is about
	Text  string
}

// kind is what it is, in the word that events have for it.
type kind string

// The kinds.
const (
	alarm    kind = "alarm"  // the process may run out of memory
	thrashes kind = "thrash" // the limit is held, but at a price
	sizesOff kind = "sizes"  // size functions answer too little or too much
)
