package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/web"
)

// The defaults of Options.
const (
	DefaultRetries        = 3
	DefaultPause          = 500 * time.Millisecond
	DefaultMaxWait        = 2 * time.Minute
	DefaultConnectTimeout = 30 * time.Second
	DefaultHeaderTimeout  = 60 * time.Second
	DefaultStallTimeout   = 60 * time.Second
	DefaultLeastRate      = 1 << 10 // bytes a second
	DefaultMaxSize        = 4 << 30 // bytes
)

// ErrNotFound is the cause where a mirror says that there is no such file. All mirrors have another cause each.
var ErrNotFound = web.ErrNotFound

// Options say where artifacts come from and go to. Folder is needed, and Mirrors are, unless all artifacts have URLs of their own.
type Options struct {
	Mirrors []Mirror // tried in turn
	Folder  *Folder

	// Proxy is the URL of one, NoProxy for none; empty goes by the environment (HTTPS_PROXY and so on).
	Proxy string
	// CAFile has certificates, as PEM, that are trusted beside the system's.
	CAFile string
	// CertFile and KeyFile are a client certificate, as PEM. It is shown to mirrors only.
	CertFile, KeyFile string
	// Insecure does not look whether a server is who it says that it is.
	Insecure bool

	// Retries is how often a mirror is asked again; negative for never.
	Retries int
	// Pause is about how long the first wait before a retry is; each further one is twice as long, and each half as long or half
	// as long again, by chance.
	Pause time.Duration
	// MaxWait is the longest wait before a retry, also where a server asks for more by Retry-After.
	MaxWait time.Duration
	// ConnectTimeout is for TCP and TLS together, each; HeaderTimeout for the answer to begin.
	ConnectTimeout, HeaderTimeout time.Duration
	// StallTimeout is how long a server may send no byte.
	StallTimeout time.Duration
	// LeastRate is how many bytes a second a server must send, judged over StallTimeout; negative for none.
	LeastRate int64
	// MaxSize is how many bytes an artifact of unknown size may have.
	MaxSize int64

	// Charge accounts for the bytes of memory that a download takes, and returns what gives them back, as the method of memacct's
	// Account does. Nil accounts nothing.
	Charge func(bytes int64) (release func())
}

func (o Options) withDefaults() Options {
	o.Retries = max(0, cmp.Or(o.Retries, DefaultRetries))
	o.Pause = cmp.Or(o.Pause, DefaultPause)
	o.MaxWait = cmp.Or(o.MaxWait, DefaultMaxWait)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, DefaultHeaderTimeout)
	o.StallTimeout = cmp.Or(o.StallTimeout, DefaultStallTimeout)
	o.LeastRate = cmp.Or(o.LeastRate, DefaultLeastRate)
	o.MaxSize = cmp.Or(o.MaxSize, DefaultMaxSize)
	if o.Charge == nil {
		o.Charge = func(int64) func() { return func() {} }
	}
	return o
}

// Downloader fetches artifacts into a folder. It is safe for concurrent use; how many are fetched at once is up to its callers, and
// they don't wait for each other, but for room in the folder.
type Downloader struct {
	opt        Options
	sites      []*site
	anyone     *site // for URLs of no mirror
	transports transports
}

// New makes a downloader. The folder is the caller's, who closes it after the downloader.
func New(o Options) (*Downloader, error) {
	o = o.withDefaults()
	if o.Folder == nil {
		return nil, errors.New("artifact: Options.Folder is needed: open one with artifact.Open")
	}
	t, err := newTransports(o)
	if err != nil {
		return nil, fmt.Errorf("artifact: %w", err)
	}
	d := &Downloader{opt: o, transports: t, anyone: &site{client: newClient(t.others)}}
	for i, m := range o.Mirrors {
		s, err := newSite(m, t)
		if err != nil {
			return nil, fmt.Errorf("artifact: mirror %d of %d: %w", i+1, len(o.Mirrors), err)
		}
		d.sites = append(d.sites, s)
	}
	return d, nil
}

// Close ends idle connections. No Fetch may run.
func (d *Downloader) Close() {
	d.transports.own.CloseIdleConnections()
	d.transports.others.CloseIdleConnections()
}

// Result says what a Fetch did.
type Result struct {
	Sum     contentmodel.Checksum // what the folder keeps it by: the declared one, or else its SHA-256
	Bytes   int64                 // of the artifact
	Retries int                   // of all mirrors together, also in vain
	Mirror  string                // where it came from, without credentials; empty if it was there
	Kept    bool                  // it was there already
}

// Fetch has an artifact be in the folder: nothing is downloaded if it is there already, by its declared checksum and size. An
// artifact without a checksum always is.
//
// Mirrors are tried in turn, each again where that may help, and from where it broke off if the server can do that. It returns
// once the artifact was verified and is on disk for good. Errors are [*contentmodel.InputError]: they name the artifact and what
// went wrong at each mirror, and hold [ErrNotFound], [ErrDigest], [ErrSize], [ErrUnsafe] or ctx's error. An error of the disk
// ends it at once, for no other mirror helps.
//
// It holds about 128 KiB, and takes n bytes on disk of the folder's InFlight.
func (d *Downloader) Fetch(ctx context.Context, a contentmodel.Artifact) (Result, error) {
	places, err := d.places(a.Path)
	if err != nil {
		return Result{}, failure(a, err, "check the metadata: nothing was fetched")
	}
	f := &fetch{Downloader: d, a: a}
	if there, err := f.there(); err != nil || there {
		return f.res, failure(a, err, "")
	}
	defer d.opt.Charge(bytesInMemory)()
	if f.to, err = d.opt.Folder.Create(ctx, a.Sum, a.Size); err != nil {
		return f.res, failure(a, err, "")
	}
	defer f.to.Close()
	if there, err := f.there(); err != nil || there { // somebody fetched it while we waited
		return f.res, failure(a, err, "")
	}
	f.buffer = make([]byte, bytesAtOnce)
	err = f.run(ctx, places)
	return f.res, failure(a, err, f.advice)
}
