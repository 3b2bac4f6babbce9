// Package wholeread finds first stages that read a whole stream into memory.
package wholeread

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "wholeread",
	Title: "wholeread finds first stages that read a whole stream of unknown size",
	Why: `io.ReadAll, Buffer.ReadFrom, io.Copy into a buffer, or a helper that does one of
them in any package, holds as many bytes as the other side chooses to send.
Growing the slice roughly doubles that, and what is decoded from it comes on
top. A repository's index is the largest thing a sync reads, and it is the one
thing whose size the count of units in flight says nothing about.`,
	Before: `
body, err := io.ReadAll(resp.Body)
if err != nil {
	return err
}
for line := range strings.Lines(string(body)) {
	units <- parse(line)
}`,
	After: `
lines := bufio.NewScanner(resp.Body)
for lines.Scan() {
	units <- parse(lines.Text())
}
return lines.Err()`,
	More: []check.Case{
		{
			Title: "It is a file already",
			Before: `
text, err := os.ReadFile(name)
if err != nil {
	return err
}
rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()`,
			After: `
f, err := os.Open(name)
if err != nil {
	return err
}
defer f.Close()
rows := csv.NewReader(f)
rows.ReuseRecord = true
for {
	row, err := rows.Read()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	units <- parse(row)
}`,
		},
		{
			Title: "A helper returns the bytes",
			Before: `
func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}`,
			After: `
func fetch(url string, use func(io.Reader) error) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return use(resp.Body) // the helper still closes what it opened
}`,
		},
		{
			Title: "A zip archive, which must be read from any place",
			Before: `
text, err := io.ReadAll(resp.Body)
if err != nil {
	return err
}
archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))`,
			After: `
spool, err := os.CreateTemp("", "index-*.zip")
if err != nil {
	return err
}
defer os.Remove(spool.Name())
defer spool.Close()
size, err := io.Copy(spool, resp.Body)
if err != nil {
	return err
}
archive, err := zip.NewReader(spool, size)`,
		},
	},
	Since: "v0.1.0",
	Silent: []string{
		"the function is no first stage, and no caller of a helper is one",
		"the stream is bounded: io.LimitReader, io.LimitedReader, http.MaxBytesReader, io.NewSectionReader, a limiter of your own (by its code, its name, or //memvet:limiter), or a size compared before",
		"it is one item of many: a loop over items, a walk's callback, an archive's member, a page of a stated size",
		"it is the body of a request to a server, or one page: the function's name says so, or it has a limit, count or page size among its parameters",
		"the bytes end up in an error or a log line, or in one text or number beside a list that is made of something else",
		"the bytes are decoded into one document of fixed shape, a lookup table, or what the caller chose: a parameter of any type, a type parameter",
		"names say it is configuration, a credential, a policy, a manifest or an error body, where the body of a response is no plain list",
		"by default, and not with -confidence=low: it may be one item of many whose own items are not handed on, one of several files, a flat list in a local file, a list of plain names, a page that says where the next one is, a list of the newest, the answer to one of many calls of an API's client, or to a request whose address says what is asked about; or a response that is decoded or returned and nothing around it shows to be large: it is not unpacked, only passed on, or an index of lists by key, its items are not saved or sent one by one, no file of data is named, and the function is no stage in more than sending to a channel",
		"the answer is bounded by the request: its size is stated, or it has one entry for each item of a list that was sent",
		"generated code, tests and their helper packages (unless -firststage.tests), programs under tools, hack, scripts or generate, and packages in folders of tests and examples",
		"the output of a command, and io.Copy to a file, a hash or a connection",
	},
}
