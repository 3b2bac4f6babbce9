// Package artifact fetches the files that belong to units, and keeps them: each once, by its checksum, whole or not at all.
//
// A [Folder] is where they are; a [Downloader] gets them there, from mirrors that are tried in turn. What is promised:
//
//   - What has a name in a folder has all its bytes, was verified by the checksum that it has its name from, and was synced. A
//     process that is killed, a disk that is full and a server that lies leave nothing but temporary files, which are removed at
//     once or when the folder is opened next.
//   - No hang. A server that does not answer, sends nothing, sends too little or asks for endless patience is given up, and
//     tried again no more often than it is said.
//   - Bounded memory and disk. A download holds about 128 KiB, which are charged, and bytes in temporary files have a bound.
//     Of a body that is longer than it should be nothing is read behind the first byte too many.
//   - Names don't lead out: neither of a mirror's folder nor, undone percent signs included, of its URL. A whole URL in metadata
//     is followed, where its scheme is http or https: whoever does not trust that far must look at the units first.
//   - Credentials go to the server that they are for, and stand in no error.
//
// Where metadata declares nothing but MD5 or SHA-1, what was verified is no more than that: both can be forged.
package artifact
