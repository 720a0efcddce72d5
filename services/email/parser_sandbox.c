/* SPDX-License-Identifier: Apache-2.0 */
/* The filter allows a list and refuses the rest with EPERM, which libraries survive; what only an attacker does ends
 * the process, so that it is seen and counted. The filter is written by hand: a library would add a dependency for
 * forty numbers. */
#include "parser_sandbox.h"
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "parser_sandbox.c does not know this architecture"
#endif

static int limit(int which, uint64_t value) {
  struct rlimit now;
  if (getrlimit((__rlimit_resource_t)which, &now) < 0)
    return -errno;
  if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max)
    value = now.rlim_max;
  const struct rlimit wanted = {value, value};
  return setrlimit((__rlimit_resource_t)which, &wanted) < 0 ? -errno : 0;
}

int sandbox_limit(uint64_t memory, uint64_t cpu_seconds) {
  if (close_range(3, ~0U, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
    return -errno;
  const struct {
    int which;
    uint64_t value;
  } limits[] = {
      {RLIMIT_CORE, 0},
      {RLIMIT_FSIZE, 0},
      {RLIMIT_NOFILE, 64}, /* for the warm-up; afterwards nothing can be opened at all */
      {RLIMIT_CPU, cpu_seconds},
      {RLIMIT_STACK, PARSER_STACK},
      {SANITIZED ? -1 : RLIMIT_AS, memory}, /* a sanitizer maps terabytes of shadow */
  };
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    int r = limits[i].which < 0 ? 0 : limit(limits[i].which, limits[i].value);
    if (r < 0)
      return r;
  }
  return 0;
}

void sandbox_warm_up(void) {
  tzset();
}

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARCHITECTURE offsetof(struct seccomp_data, arch)
#define ARGUMENT_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n)) /* little-endian */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))
#define GIVE(verdict) BPF_STMT(BPF_RET | BPF_K, (verdict))
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define WHEN(number, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), GIVE(verdict)
/* Memory, but never memory that can be executed. */
#define UNLESS_EXECUTABLE(number)                                                                                      \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4), LOAD(ARGUMENT_LOW(2)),                                          \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), GIVE(REFUSE), GIVE(SECCOMP_RET_ALLOW)

static const struct sock_filter filter[] = {
    LOAD(ARCHITECTURE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0),
    GIVE(SECCOMP_RET_KILL_PROCESS),
    LOAD(NUMBER),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* the x32 numbers are another door to the same calls */
    GIVE(SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_read, SECCOMP_RET_ALLOW),
    WHEN(SYS_write, SECCOMP_RET_ALLOW),
    WHEN(SYS_writev, SECCOMP_RET_ALLOW),
    WHEN(SYS_brk, SECCOMP_RET_ALLOW),
    UNLESS_EXECUTABLE(SYS_mmap),
    UNLESS_EXECUTABLE(SYS_mprotect),
    WHEN(SYS_munmap, SECCOMP_RET_ALLOW),
    WHEN(SYS_mremap, SECCOMP_RET_ALLOW),
    WHEN(SYS_madvise, SECCOMP_RET_ALLOW),
    WHEN(SYS_futex, SECCOMP_RET_ALLOW),
    WHEN(SYS_clock_gettime, SECCOMP_RET_ALLOW),
    WHEN(SYS_gettimeofday, SECCOMP_RET_ALLOW),
    WHEN(SYS_getrusage, SECCOMP_RET_ALLOW),
    WHEN(SYS_getrandom, SECCOMP_RET_ALLOW),
    WHEN(SYS_getpid, SECCOMP_RET_ALLOW),
    WHEN(SYS_gettid, SECCOMP_RET_ALLOW),
    WHEN(SYS_fstat, SECCOMP_RET_ALLOW),
    WHEN(SYS_close, SECCOMP_RET_ALLOW),
    WHEN(SYS_sched_yield, SECCOMP_RET_ALLOW),
    WHEN(SYS_restart_syscall, SECCOMP_RET_ALLOW),
    WHEN(SYS_sigaltstack, SECCOMP_RET_ALLOW),
    WHEN(SYS_rt_sigaction, SECCOMP_RET_ALLOW), /* abort() */
    WHEN(SYS_rt_sigprocmask, SECCOMP_RET_ALLOW),
    WHEN(SYS_rt_sigreturn, SECCOMP_RET_ALLOW),
    WHEN(SYS_exit, SECCOMP_RET_ALLOW),
    WHEN(SYS_exit_group, SECCOMP_RET_ALLOW),
    WHEN(SYS_execve, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_execveat, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_ptrace, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_process_vm_readv, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_process_vm_writev, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_bpf, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_connect, SECCOMP_RET_KILL_PROCESS),
    WHEN(SYS_bind, SECCOMP_RET_KILL_PROCESS),
    GIVE(REFUSE),
};

/* abort() sends itself SIGABRT with tgkill; no other process may be signalled, so its first argument is checked by
 * pid. */
static int install(void) {
  const uint32_t self = (uint32_t)getpid();
  struct sock_filter whole[sizeof(filter) / sizeof(filter[0]) + 5];
  const size_t head = sizeof(filter) / sizeof(filter[0]) - 1;
  const struct sock_filter tail[] = {
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
      LOAD(ARGUMENT_LOW(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 0, 1),
      GIVE(SECCOMP_RET_ALLOW),
      GIVE(REFUSE),
  };
  for (size_t i = 0; i < head; i++)
    whole[i] = filter[i];
  for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
    whole[head + i] = tail[i];
  const struct sock_fprog program = {.len = (unsigned short)(head + 5), .filter = whole};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int sandbox_enter(void) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return -errno;
  return install();
}
