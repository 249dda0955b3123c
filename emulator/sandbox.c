/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "sandbox.h"

#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static inline void
cleanup_filter (scmp_filter_ctx *filter)
{
  if (*filter != NULL)
    seccomp_release (*filter);
}

#define _cleanup_filter_ VTPM_CLEANUP (cleanup_filter)

#define CONDITIONS_MAX 2

/* A system call is allowed when all of its conditions hold.  */
struct allowed_call
{
  int number;
  struct scmp_arg_cmp conditions[CONDITIONS_MAX];
  unsigned int condition_count;
};

/* Conditions on the argument INDEX.  */
#define EQUALS(index, value) { index, SCMP_CMP_EQ, value, 0 }
#define BITS(index, mask, value) { index, SCMP_CMP_MASKED_EQ, mask, value }

static const struct
{
  int resource;
  const char *name;
} limits[] = {
  { RLIMIT_CORE, "RLIMIT_CORE" },
  { RLIMIT_FSIZE, "RLIMIT_FSIZE" },
  { RLIMIT_NPROC, "RLIMIT_NPROC" },
  { RLIMIT_NOFILE, "RLIMIT_NOFILE" },
};

int
vtpm_sandbox_limits (pid_t parent, struct vtpm_error **error)
{
  if (prctl (PR_SET_DUMPABLE, 0) < 0)
    return vtpm_error_set (error, errno, "cannot make the process undumpable");
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0)
    return vtpm_error_set (error, errno, "cannot tie the process to its parent");
  /* It may have died before the line above.  One that died before this process
     asked for PARENT shows as the end of the channel.  */
  if (getppid () != parent)
    return vtpm_error_set_plain (error, ESRCH, "the supervisor has died");
  for (size_t i = 0; i < sizeof (limits) / sizeof (limits[0]); i++)
    if (setrlimit (limits[i].resource, &(const struct rlimit) { 0, 0 }) < 0)
      return vtpm_error_set (error, errno, "cannot set %s", limits[i].name);
  return 0;
}

/* What a started TPM needs, and why.  Found with strace under the unit tests
   and tpm2-tools, and by reading what libcrypto and malloc may fall back to.
   Absent on purpose: mprotect (no page ever becomes executable or writable
   again), rt_sigreturn (there is no signal handler), poll (RLIMIT_NOFILE is 0),
   and everything that makes or changes a descriptor.  */
static int
allow_calls (scmp_filter_ctx filter, struct vtpm_error **error)
{
  const struct allowed_call calls[] = {
    /* The request loop.  There is no descriptor but the server side and the
       channel, so none is named here.  */
    { .number = SCMP_SYS (read) },
    { .number = SCMP_SYS (write) },
    { .number = SCMP_SYS (pselect6) },

    /* malloc.  Its large blocks are private memory, never executable.  */
    { .number = SCMP_SYS (brk) },
    { .number = SCMP_SYS (mmap),
      .conditions = { BITS (2, PROT_EXEC, 0), BITS (3, MAP_ANONYMOUS, MAP_ANONYMOUS) },
      .condition_count = 2 },
    { .number = SCMP_SYS (munmap) },
    { .number = SCMP_SYS (mremap) },

    /* libcrypto: entropy; whether the process has forked since; locks, which
       one thread only ever releases (pthread_once).  */
    { .number = SCMP_SYS (getrandom) },
    { .number = SCMP_SYS (getpid) },
    { .number = SCMP_SYS (futex),
      .conditions = { EQUALS (1, FUTEX_WAKE_PRIVATE) },
      .condition_count = 1 },

    /* The TPM's clock: libtpms asks for CPU time, which is always a system
       call; the others are one where the vDSO has no usable clock source.  */
    { .number = SCMP_SYS (clock_gettime) },
    { .number = SCMP_SYS (gettimeofday) },
    { .number = SCMP_SYS (time) },

    /* abort(3), so that a corrupted heap or a smashed stack ends with SIGABRT
       and not with a puzzle.  stderr is closed: its message goes nowhere.  */
    { .number = SCMP_SYS (writev),
      .conditions = { EQUALS (0, STDERR_FILENO) },
      .condition_count = 1 },
    { .number = SCMP_SYS (rt_sigprocmask) },
    { .number = SCMP_SYS (gettid) },
    { .number = SCMP_SYS (tgkill),
      .conditions = { EQUALS (0, (scmp_datum_t) getpid ()), EQUALS (2, SIGABRT) },
      .condition_count = 2 },

    { .number = SCMP_SYS (exit_group) },
  };

  for (size_t i = 0; i < sizeof (calls) / sizeof (calls[0]); i++)
    {
      int result = seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, calls[i].number,
                                           calls[i].condition_count, calls[i].conditions);

      if (result < 0)
        return vtpm_error_set (error, -result, "cannot allow system call %d", calls[i].number);
    }
  return 0;
}

int
vtpm_sandbox_close_door (struct vtpm_error **error)
{
  _cleanup_filter_ scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  int result;

  if (filter == NULL)
    return vtpm_error_set (error, 0, "cannot make a seccomp filter");
  /* By default only the thread dies of a call in a foreign architecture's
     numbering (i386, x32).  */
  result = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result < 0)
    return vtpm_error_set (error, -result, "cannot set up the seccomp filter");
  if (allow_calls (filter, error) < 0)
    return -1;
  /* Sets no_new_privs too: SCMP_FLTATR_CTL_NNP is on by default.  */
  result = seccomp_load (filter);
  if (result < 0)
    return vtpm_error_set (error, -result, "cannot load the seccomp filter");
  return 0;
}
