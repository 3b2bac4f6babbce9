//go:build linux

// Command found prints the limit that a budget finds for this process, and what the budget warns of.
//
//	found                     prints them
//	found HOW PROGRAM ARG...  gets a cgroup namespace of its own, as a container has, and becomes PROGRAM
//
// HOW says what such a container sees at /sys/fs/cgroup: ro and rw, its own group; kept, the host's mount; other, a
// group beside its own.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/syncmem/syncmem/memacct"
)

func main() {
	var err error
	if len(os.Args) > 2 {
		err = enter(os.Args[1], os.Args[2:])
	} else {
		err = find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "found:", err)
		os.Exit(1)
	}
}

// find opens a budget, and prints.
func find() error {
	b, err := memacct.New(memacct.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	fmt.Printf("%d MiB: %s\n", b.Stats().Process>>20, b.Stats().Source)
	for _, e := range b.Events() {
		if e.Kind == memacct.EventAlarm {
			fmt.Println("warning:", e.Text)
		}
	}
	return b.Close(context.Background())
}

const mounted = "/sys/fs/cgroup"

// enter becomes the program in a namespace.
func enter(how string, program []string) error {
	runtime.LockOSThread() // a namespace is a thread's
	steps := []func() error{
		func() error { return unix.Unshare(unix.CLONE_NEWCGROUP | unix.CLONE_NEWNS) },
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
	}
	own := []func() error{
		func() error { return unix.Unmount(mounted, unix.MNT_DETACH) },
		func() error { return unix.Mount("cgroup", mounted, "cgroup2", 0, "") },
	}
	switch how {
	case "kept":
	case "rw":
		steps = append(steps, own...)
	case "ro":
		steps = append(append(steps, own...), func() error { return unix.Mount("", mounted, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "") })
	case "other":
		steps = append(steps, func() error { return unix.Mount(mounted+"/other", mounted, "", unix.MS_BIND, "") })
	default:
		return fmt.Errorf("%q is none of ro, rw, kept, other", how)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("%s: %w", how, err)
		}
	}
	return syscall.Exec(program[0], program, os.Environ())
}
