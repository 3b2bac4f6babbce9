// Package record keeps the last minutes of a budget in a small file that survives the death of the process.
//
// A process that the kernel kills for want of memory can't say who held it. A [Recorder] says so beforehand: it
// writes every event of the budget before the call that caused it goes on, and a sample of all figures each
// second, into a file whose size never changes. After the kill, [Read] or the command
//
//	syncbench record FILE
//
// shows the limit and where it was from, the last decisions, the last samples, what each stage held, and what
// it all looks like.
//
// # What survives
//
// A record is handed to the kernel with one write and is the kernel's from then on: it survives SIGKILL, the
// OOM killer, a panic and os.Exit, and at most the one being written then is lost. Nothing is synced to the
// disk, which would cost milliseconds a sample; so a crash of the whole machine is not covered. Nor is a file
// on a file system that ends with the container: put it on a volume. It should be a local one, since a write
// that hangs makes the goroutine hang that caused the event.
//
// [Recorder.Close] marks the record as ended. Where that mark is missing and nobody has the file open for
// writing, the process was killed or crashed.
//
// # The file
//
// A header of 4 KiB, then two rings of framed records, one for events and one for samples, so that many of one
// kind never push out the other. A frame has its length, its number in its ring, its time, its kind, and a
// CRC-32C over all of that and the random id of the file. It starts at a multiple of 32 bytes; the reader
// tries each of those and takes what has a right checksum, so that nothing has to be updated in place, and a
// torn or damaged frame costs itself alone.
//
// The file is written with write-at and not through a mapping: to a mapping a sample would cost a
// microsecond less, of about thirty that it takes to find the figures (BenchmarkWrite, BenchmarkMapped,
// BenchmarkSample), while a file that someone truncates, or a disk that fails, would end the process with SIGBUS
// instead of an error; and a kill could tear a record at any byte.
package record
