package main

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/internal/procmem"
)

// environment is what a figure depends on beside the program. What can't be told here is not in it.
func environment() map[string]string {
	env := map[string]string{
		"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "version": version(),
		"gomaxprocs": strconv.Itoa(runtime.GOMAXPROCS(0)), "gogc": os.Getenv("GOGC"),
		"gomemlimit": strconv.FormatInt(debug.SetMemoryLimit(-1), 10), "godebug": os.Getenv("GODEBUG"),
		"commit": commit(), "kernel": kernel(), "cpu": cpu(), "cgroup_limit": cgroupLimit(),
	}
	for name, value := range env {
		if value == "" {
			delete(env, name)
		}
	}
	return env
}

// kernel is Linux's release.
func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}

// cpu is the first processor's name, as Linux has it.
func cpu() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		if name, value, _ := strings.Cut(in.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cgroupLimit is the memory limit of the cgroup around this process, in bytes.
func cgroupLimit() string {
	group, err := procmem.OwnCgroup()
	if err != nil {
		return ""
	}
	defer group.Close()
	limit, err := group.Limit()
	if err != nil || limit == procmem.NoLimit {
		return ""
	}
	return strconv.FormatInt(limit, 10)
}
