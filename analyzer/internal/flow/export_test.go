package flow

// CrashOn makes the analysis of one package panic; the result undoes it.
func CrashOn(path string) (undo func()) {
	beforeBuild = func(p *Package) {
		if p.Pass.Pkg.Path() == path {
			panic("crash on purpose")
		}
	}
	return func() { beforeBuild = func(*Package) {} }
}
