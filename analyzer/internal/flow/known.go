package flow

import (
	"regexp"
	"strings"
)

// What the standard library and a few much used modules do with streams. It is
// written down rather than derived: the standard library's own bodies are not
// analyzed, and interface methods have none. Names are types.Func.FullName's.

// readers are the calls that read a stream to its end into memory; the value
// is the argument that is the stream, with recv for the receiver and path for
// a call that opens the file itself.
var readers = map[string]int{
	"io.ReadAll":                     0,
	"io/ioutil.ReadAll":              0,
	"(*bytes.Buffer).ReadFrom":       0,
	"(*encoding/csv.Reader).ReadAll": recv,
	"os.ReadFile":                    path,
	"io/ioutil.ReadFile":             path,
	"io/fs.ReadFile":                 path,

	"oras.land/oras-go/v2/content.ReadAll": 0,

	"github.com/spf13/afero.ReadAll":  0,
	"github.com/spf13/afero.ReadFile": path,

	"golang.org/x/net/html.Parse":                          0,
	"github.com/PuerkitoBio/goquery.NewDocumentFromReader": 0,
	"github.com/antchfx/xmlquery.Parse":                    0,
	"github.com/antchfx/htmlquery.Parse":                   0,
	"(*github.com/beevik/etree.Document).ReadFrom":         0,
	"github.com/xuri/excelize/v2.OpenReader":               0,
	"(*github.com/go-resty/resty/v2.Response).Body":        body,
	"(*github.com/go-resty/resty/v2.Response).String":      body,
	"(*resty.dev/v3.Response).Bytes":                       body,
	"(*github.com/valyala/fasthttp.Response).Body":         body,
	"(*github.com/imroc/req/v3.Response).Bytes":            body,
	"(*github.com/imroc/req/v3.Response).ToBytes":          body,
}

const (
	recv = -1 // the stream is the receiver
	path = -2 // the call opens the file it reads
	body = -3 // the call returns a body that was fetched whole
)

// copiers write a stream (argument 1) into a writer (argument 0); into a
// buffer that is a whole read.
var copiers = map[string]bool{"io.Copy": true, "io.CopyBuffer": true}

// bounders return a reader that ends by itself; the value is the argument that
// is the limit, -1 when there is none to judge.
var bounders = map[string]int{
	"io.LimitReader":          1,
	"net/http.MaxBytesReader": 2,
	"io.NewSectionReader":     2,
}

// memory are the constructors of readers over what is in memory already.
var memory = map[string]bool{
	"bytes.NewReader": true, "strings.NewReader": true,
	"bytes.NewBuffer": true, "bytes.NewBufferString": true,
}

// openers return a stream of a local file.
var openers = map[string]bool{
	"os.Open": true, "os.OpenFile": true, "(io/fs.FS).Open": true,
}

// fileLists are the calls that list the files of a folder, however many there are.
var fileLists = map[string]bool{
	"os.ReadDir": true, "io/ioutil.ReadDir": true, "io/fs.ReadDir": true,
	"path/filepath.Glob": true, "io/fs.Glob": true,
}

// members return one member of an archive.
var members = map[string]bool{
	"archive/tar.NewReader": true, "(*archive/zip.File).Open": true,
	"(*mime/multipart.Reader).NextPart": true, "(*mime/multipart.FileHeader).Open": true,
}

// lookedUp is what one thing is asked for by.
const lookedUp = `url|uri|ids?|name|title|package|pkg|purl|hash|digest|checksum|domain(name)?|host(name)?|ip|address|e?mail|user(name)?|lat|lon|isbn|imdb`

var (
	// walkNames are methods that call back once per item. It is for callees
	// without a body to look at: interfaces and the standard library.
	walkNames = regexp.MustCompile(`(?i)walk|each|range|visit|iterat|enumerate|pages$`)

	// limitNames are limiters by name; they also need an integer to limit by.
	limitNames = regexp.MustCompile(`(?i)limit|max_?bytes|capped|bounded`)

	// retryText marks a loop that does the same thing again, not the next.
	retryText = regexp.MustCompile(`(?i)retr(y|ies)|attempt|^tries|(max|num)_?tries|backoff`)

	// pageText marks a request that says how much it wants.
	pageText = regexp.MustCompile(`(?i)per_?page|page_?(size|no|num|limit)|page_?token|limit|max_?(results|keys|items|records)|batch_?size|offset|cursor|continu|(^|[?&])(n|page|size|count|first|top|rows|start|skip)(=|$)`)

	// quietText marks things that are small by nature, or needed whole.
	quietText = regexp.MustCompile(`(?i)config|setting|credential|token|oauth|secret|password|passphrase|certificate|jwks|keyset|licen[cs]e|health|webhook|preference|policy|manifest|repomd|lock(file)?$|keyring|identit(y|ies)|ignore(file|matcher|list|rules?|d)?|publickey|privatekey|err(or)?s?(resp|body|$)`)

	// smallText marks bodies that are one small thing.
	smallText = regexp.MustCompile(`(?i)version|latest|checksum|digest|signature|commit|info$|gomod|schema|sbom|attestation|readme|blob|item`)

	// sidePaths are programs that are no part of what is shipped, and
	// testNames and testPaths packages that only tests and examples use.
	sidePaths = regexp.MustCompile(`(^|/)((dev)?tools?|hack|scripts?|gen|generate|examples?|tests?)(/|$)`)
	testPaths = regexp.MustCompile(`(^|/)(tests?|examples?)/`)
	testNames = regexp.MustCompile(`(?i)test(s|util|utils|ing|helpers?|data)?$`)

	// pageNames are functions that fetch one page.
	pageNames = regexp.MustCompile(`Page$|^page$|^[pP]age[A-Z]`)

	// emitNames are methods that hand a unit on.
	emitNames = regexp.MustCompile(`^(Put|Push|Send|Emit|Enqueue|Publish|Yield)`)

	// handNames are methods that take units to keep them elsewhere.
	handNames = regexp.MustCompile(`(?i)^(put|push|send|emit|enqueue|publish|save|store|insert|upsert|write|commit|batch|import|update|persist|add|flush|process|handle|index|dump)`)

	// credentialNames are types of what somebody is known or trusted by.
	credentialNames = regexp.MustCompile(`(Certificate|PublicKey|PrivateKey|Credentials?|JWK)$`)

	// nextNames are methods that take one item from a stream per call.
	nextNames = regexp.MustCompile(`^(Next|Scan|Read|Decode|Token|More|Recv|Fetch)`)

	// pagerNames are methods of a pager.
	pagerNames = regexp.MustCompile(`^(NextPage|HasMorePages|HasNextPage|More|HasNext|HasMore)$`)

	// listNames are types that say they hold all there is.
	listNames = regexp.MustCompile(`(List|Listing|Catalog|Catalogue|Feed|Collection|Database|DB)$`)

	// listCalls are calls that return a full listing.
	listCalls = regexp.MustCompile(`^(List[A-Z]|ListAll|FetchAll|GetAll|LoadAll|FindAll|ScanAll|All$)`)

	// sideNames are lists that come with an answer and are not what was asked for, and
	// errorNames those of what went wrong.
	errorNames = regexp.MustCompile(`(?i)^(errors?|warnings?)$`)
	sideNames  = regexp.MustCompile(`(?i)warning|error|message|deleted|title`)

	// countNames are integers that say how many items are wanted.
	countNames = regexp.MustCompile(`(?i)limit|page_?size|^max|count|^n$|^top$|batch_?size|^num`)

	// countKeys are query parameters that say so.
	countKeys = regexp.MustCompile(`(?i)^(limit|per_?page|page_?size|max_?(results|keys|items|records)|count|n|top|size|rows|first|batch_?size)$`)

	// lookupKeys are query parameters that say what is asked about, lookupText is a format
	// of an address with one, and onePath of an address with a part to be named.
	lookupKeys = regexp.MustCompile(`(?i)^(` + lookedUp + `)$`)
	onePath    = regexp.MustCompile(`^(https?://[^/%]+|%s)?/.*%[svd]`)
	lookupText = regexp.MustCompile(`(?i)[?&](` + lookedUp + `)=%[svqd]`)

	// settingNames are structs of settings, settingPaths packages that have them.
	settingNames = regexp.MustCompile(`(?i)(config|conf|cfg|settings?|flags)$`)
	settingPaths = regexp.MustCompile(`(^|/)((config|conf|cfg|settings?)(s|_?files?)?|flags)(/v\d+)?$`)

	// flagPaths are packages that read flags and configuration.
	flagPaths = regexp.MustCompile(`^github\.com/(spf13/(viper|pflag)|urfave/cli|knadh/koanf|alecthomas/kingpin)(/|$)`)

	// verifyNames are functions that look whether a document is signed or the right one.
	verifyNames = regexp.MustCompile(`(?i)signature|verif(y|ie)|pgp`)

	// argNames are lists of what was typed on a command line, commandPaths packages whose
	// commands are functions that get them.
	argNames     = regexp.MustCompile(`^(args|argv|arguments)$`)
	commandPaths = regexp.MustCompile(`^github\.com/(spf13/cobra|urfave/cli|mitchellh/cli)(/|$)`)

	// sizeText is a number of items in an address, or in a query of GraphQL.
	sizeText = regexp.MustCompile(`(?i)[?&](limit|per_?page|page_?size|max_?(results|keys|items|records)|count|n|top|size|rows|first|batch_?size)=([1-9%]|$)|\((first|last): *[1-9]`)

	// nextFields are fields of a page that say where the next one is, and
	// onePageNames types of pages.
	nextFields   = regexp.MustCompile(`(?i)^next(_?(page|token|cursor|link|links|url|uri|page_?token|page_?url))?$|page_?token$|^has_?(more|next)$`)
	onePageNames = regexp.MustCompile(`(?i)page$|paged|paginat`)

	// newestText marks addresses and lists of the newest few.
	newestText = regexp.MustCompile(`(?i)\b(rss|atom)\b|just_?(updated|added)|newest|latest|recent|/activity|/updates|/new\b`)

	// unpackers are packages whose readers decompress.
	unpackers = regexp.MustCompile(`(^|/)(gzip|pgzip|bzip2|zlib|flate|zstd|xz|lzma|lz4|snappy|brotli|s2|kgzip|lzw)(/v\d+)?$`)

	// optionNames are structs of options for one call.
	optionNames = regexp.MustCompile(`(?i)(options?|opts?|params?|parameters|query|request|input|args|filter)$`)

	// pieceNames are functions that take text apart.
	pieceNames = regexp.MustCompile(`^(strings|bytes)\.(Split|Lines|Fields)|Regexp\)\.FindAll|^archive/zip\.NewReader`)

	// decodeNames are functions and methods that decode into their last argument.
	decodeNames = regexp.MustCompile(`^(Decode|Unmarshal)`)

	// talkNames are functions that make errors and log lines.
	talkNames = regexp.MustCompile(`(?i)^(s?print|errorf?$|wrapf?$|log|debug|warn|info|fatal|panic|trace|.*err(or)?f?$)`)
)

// stdRoots are the first elements of the standard library's import paths. A
// path without a dot may also be a module that is never downloaded.
var stdRoots = func() map[string]bool {
	all := map[string]bool{}
	for _, root := range strings.Fields(`archive bufio builtin bytes cmp compress container context crypto database
		debug embed encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net
		os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time
		unicode unique unsafe vendor weak`) {
		all[root] = true
	}
	return all
}()
