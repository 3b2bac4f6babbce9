package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/synth"
)

// unitWriter writes a repository, unit by unit.
type unitWriter interface {
	write(contentmodel.Unit) error
	close() error
}

// writers are the kinds of units that a repository can be written of; a new one is a row here.
var writers = map[string]func(dir, compress string, units int) (unitWriter, error){
	rpm.Kind: func(dir, compress string, units int) (unitWriter, error) {
		return writerOf(rpm.NewWriter(dir, rpm.WriteOptions{Packages: units, Suffix: map[string]string{"gz": ".gz", "zst": ".zst", "none": ".xml"}[compress]}))
	},
	deb.Kind: func(dir, compress string, _ int) (unitWriter, error) {
		return writerOf(deb.NewWriter(dir, deb.WriteOptions{Suffix: "." + compress}))
	},
	npm.Kind:  func(dir, _ string, _ int) (unitWriter, error) { return writerOf(npm.NewWriter(dir)) },
	file.Kind: func(dir, _ string, _ int) (unitWriter, error) { return writerOf(file.NewWriter(dir)) },
}

// typed is a writer of units of one type.
type typed[U contentmodel.Unit] struct {
	w interface {
		Write(U) error
		Close() error
	}
}

func (t typed[U]) write(u contentmodel.Unit) error {
	v, ok := u.(U)
	if !ok {
		return fmt.Errorf("%s %s: there is no writer of modules and their packages yet: use synth:rpm-mixed", u.Kind(), u.Key())
	}
	return t.w.Write(v)
}

func (t typed[U]) close() error { return t.w.Close() }

// writerOf makes a writer of units of any type of a format's own.
func writerOf[U contentmodel.Unit, W interface {
	Write(U) error
	Close() error
}](w W, err error) (unitWriter, error) {
	return typed[U]{w}, err
}

func genCommand() *cobra.Command {
	o, compress, artifacts := new(options), "", ""
	c := &cobra.Command{
		Use:   "gen DIR",
		Short: "Write a repository of a given shape to disk",
		Long: `gen writes the metadata of a repository whose units are made on the fly: the same units with the same seed,
and so the same files. It holds one unit at a time. Units of rpm-... make an RPM repository, those of deb-index a
Debian one of a suite "stable", that of npm-packument a file that npm reads from any HTTP server of DIR, and those of
file-flat a PULP_MANIFEST; these two are never compressed. With --artifacts the files are there that an RPM, a Debian or a
file repository names, so that it can be synced whole.

The names of synth: sources, each with its keys and their defaults:
` + synth.Help() + `
Exit codes: 0 the repository is written; 1 it could not be; 2 wrong usage.`,
		Example: `  syncbench gen repo --source synth:rpm-mixed,units=2000,seed=7
  syncbench run --source rpm:repo
  syncbench gen repo --source synth:rpm-mixed,units=2000 --artifacts 64KiB
  syncbench gen debian --source synth:deb-index,units=2000
  syncbench run --source deb:debian,suite=stable`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("syncbench gen takes one DIR; see syncbench gen --help")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch compress {
			case "gz", "zst", "none":
			default:
				return fmt.Errorf("--compress: %q is not one of gz, zst, none", compress)
			}
			if err := o.checkSource(); err != nil {
				return err
			}
			if o.synth == nil {
				return fmt.Errorf("--source: %q is not made on the fly: want %sNAME", o.source, synthPrefix)
			}
			mean, err := bytesize.Parse(cmp.Or(artifacts, "0B"))
			if err != nil {
				return fmt.Errorf("--artifacts: %w", err)
			}
			if err := generate(c.Context(), o.synth, args[0], compress, mean); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.source, "source", "synth:rpm-mixed", "the `source` whose units are written")
	c.Flags().StringVar(&artifacts, "artifacts", "", "write the artifacts, too, of that `amount` on average each, such as 64KiB: from nothing to twice as much")
	c.Flags().StringVar(&compress, "compress", "gz", "`how` the files are compressed: gz, zst or none")
	return c
}

// generate writes the units, and artifacts of so many bytes on average unless that is 0.
func generate(ctx context.Context, spec *synth.Spec, dir, compress string, mean int64) error {
	var w unitWriter
	for u, err := range spec.Units(ctx) {
		if err != nil {
			return err
		}
		if w == nil {
			open, ok := writers[u.Kind()]
			if !ok {
				return fmt.Errorf("there is no writer of %s repositories yet", u.Kind())
			}
			if w, err = open(dir, compress, spec.Count); err != nil {
				return err
			}
		}
		if mean > 0 {
			if err := (artifactWriter{dir, mean}).write(u); err != nil {
				return err
			}
		}
		if err := w.write(u); err != nil {
			return err
		}
	}
	return w.close() // a source has one unit at least
}
