package synth

// sources is every source there is. It is filled by init because the keys'
// setters look sources up, which would be an initialization cycle otherwise.
//
// The default count of rpm-mixed makes a run whose units weigh about 1 GiB of
// heap in all, sixteen times a limit of 64 MiB; that of rpm-evil one that is
// made in some ten seconds.
var sources []source

func init() {
	sources = []source{
		{
			name:     "file-flat",
			doc:      "lines of a file manifest, 200 bytes each",
			keys:     with(),
			defaults: Spec{Count: 1_000_000},
			open:     openFiles,
		},
		{
			name:     "deb-index",
			doc:      "paragraphs of a Debian Packages index, all of much the same size",
			keys:     with(),
			defaults: Spec{Count: 63_440},
			open:     openDebs,
		},
		{
			name:     "npm-packument",
			doc:      "versions of one npm package, 1 to 3 kB of JSON each",
			keys:     with(),
			defaults: Spec{Count: 3_000},
			open:     openNpms,
		},
		{
			name:     "rpm-mixed",
			doc:      "RPM packages with as many files as Debian's, some versions of each name",
			keys:     with("versions", "files"),
			defaults: Spec{Count: 50_000, Versions: 8, Files: 200_000},
			open:     openMixed,
		},
		{
			name:     "rpm-evil",
			doc:      "few names, hundreds of versions of each with nearly the same tens of thousands of files",
			keys:     with("names", "versions", "files"),
			defaults: Spec{Names: 5, Versions: 200, Files: 100_000},
			settle:   settleNames,
			open:     openEvil,
		},
		{
			name:     "rpm-one-giant",
			doc:      "rpm-mixed with one unit larger than the whole budget, in the middle if at= is not given",
			keys:     with("versions", "files", "giant", "at"),
			defaults: Spec{Count: 10_000, Versions: 8, Files: 200_000, Giant: 96 << 20},
			settle: func(s *Spec, given map[string]bool) {
				if !given["at"] {
					s.At = s.Count / 2
				}
			},
			open: openMixed,
		},
		{
			name:     "rpm-modular",
			doc:      "rpm-mixed with modules of tens of packages each, which are put last and know their packages",
			keys:     with("versions", "files", "modules"),
			defaults: Spec{Count: 50_736, Versions: 8, Files: 200_000, Modules: 736},
			open:     openModular,
		},
		{
			name:     "ansible",
			doc:      "versions of Ansible collections, 2 to 5 MB of files and documentation each, many of them built at once",
			keys:     with("names", "versions", "fanout"),
			defaults: Spec{Names: 6, Versions: 150, Fanout: 100},
			settle:   settleNames,
			open:     openCollections,
		},
		{
			name:     "container-dag",
			doc:      "tags of lists of 5 to 30 manifests, each of which waits until those below it are saved; one manifest in a hundred has 4 MiB",
			keys:     inNaturalOrder("fanout"),
			defaults: Spec{Count: 20_000, Fanout: 20},
			open:     openImages,
		},
	}
}

// settleNames makes units the product of names and versions: whichever was not
// given follows from the others.
func settleNames(s *Spec, given map[string]bool) {
	switch {
	case !given["units"]:
		s.Count = int(min(int64(s.Names)*int64(s.Versions), maxCount))
	case !given["names"]:
		s.Names = (s.Count + s.Versions - 1) / s.Versions
	}
}
