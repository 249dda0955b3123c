/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_LOCK_WAITER_H
#define OCI_VTPM_LOCK_WAITER_H

/* A child that waits for a lock, as /proc/locks shows it (proc_locks(5)).  */

#include <criterion/criterion.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>

static inline bool
waits_for_a_lock (pid_t pid)
{
  FILE *locks = fopen ("/proc/locks", "re");
  char line[256];
  bool waits = false;
  int waiter;

  cr_assert_not_null (locks);
  while (!waits && fgets (line, sizeof (line), locks) != NULL)
    waits = sscanf (line, "%*d: -> %*s %*s %*s %d", &waiter) == 1 && waiter == pid;
  fclose (locks);
  return waits;
}

static inline void
wait_for_lock_waiter (pid_t pid)
{
  while (!waits_for_a_lock (pid))
    {
      cr_assert_eq (waitpid (pid, NULL, WNOHANG), 0, "nobody waited");
      sched_yield ();
    }
}

#endif
