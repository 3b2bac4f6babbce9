/*
 * Linux as a user process (6.1) keeps the vector registers of its processes in a buffer of fixed size. Processors with
 * AMX have more state than fits, and their kernels refuse to set a part of it: "ptrace set fp regs failed, errno = 14".
 * Preloaded, this adds the rest as it is in the process.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long call(long request, long pid, void *addr, void *data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

/* The kernel's word goes to an address; libc's function returns it. */
static long peek(long request, long pid, void *addr)
{
	long word;

	if (call(request, pid, addr, &word) < 0)
		return -1;
	errno = 0;
	return word;
}

long ptrace(enum __ptrace_request request, ...)
{
	static char state[1 << 16];
	struct iovec all = { state, sizeof state }, *part;
	va_list args;
	long pid;
	void *addr, *data;

	va_start(args, request);
	pid = va_arg(args, long);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER)
		return peek(request, pid, addr);
	if (request == PTRACE_SETREGSET && (long)addr == NT_X86_XSTATE) {
		part = data;
		if (call(PTRACE_GETREGSET, pid, addr, &all) == 0 && all.iov_len > part->iov_len) {
			memcpy(state, part->iov_base, part->iov_len);
			return call(PTRACE_SETREGSET, pid, addr, &all);
		}
	}
	return call(request, pid, addr, data);
}
