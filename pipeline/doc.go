// Package pipeline runs a content sync: one first stage that reads metadata and emits units, and stages
// behind it that query, download and save, all over one [memacct.Account].
//
//	first stage -> gate -> stage -> queue -> stage ... -> end of the unit
//
// Only the gate waits for memory. A stage that emits a unit it has in hand moves the unit's charge on with
// it, measured again; a unit that is not emitted ends with the loop body that got it. The end of the last
// stage is the end of the unit. The gate, and each queue, is named after the stage that takes from it.
//
// # Order
//
// A stage gets units in the order in which they were emitted: by one goroutine, in its order. [Each], [InBatches] and
// [Filter] keep it; in [EachN], of more than one, units overtake each other. A batch has as many units as were asked for,
// never more, and fewer only at the end, under pressure, after Config.Linger, or if somebody waits for one of them.
//
// # Waiting for units
//
// Any stage may wait for what becomes of a unit, in whatever pipeline: see [Future]. Such a wait never hangs.
//
// # The end of a run
//
// [Run] returns once all stages and their goroutines have, and never before. Then no unit is charged, however it ended.
//
//   - When the first stage returns, the stages behind it end one after the other, each once it has taken what there is.
//   - An error of a stage, a panic, or a runtime.Goexit, also of a worker of [EachN] or a goroutine of [Out.Go], ends the
//     run: the context of all stages is cancelled, and [Run] returns the error that came first, as a [*StageError]. What the
//     others fail with afterwards is not told. A panic is an error with its stack. A goroutine that a stage starts by
//     itself is its own affair: a panic there ends the process.
//   - When the context of Run ends, so do the contexts of all stages, and Run returns its cause.
//   - A stage must end when its context does. Run waits for one that does not, however long; a stall is reported by the
//     account's budget meanwhile, with its place.
//   - A stage that returns nil although units are left for it, or may come, fails with [ErrUndrained]: they would be lost.
//   - Units that are queued then, and would have gone on, are dropped: see [Report].
//   - A unit that is a nil pointer or a nil interface is refused with [ErrNil].
package pipeline
