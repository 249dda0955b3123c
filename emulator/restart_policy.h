/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_RESTART_POLICY_H
#define OCI_VTPM_RESTART_POLICY_H

/*
 * When a dead emulator is followed by another, and what that one must not do
 * again.  Computes only; all times are milliseconds of one clock.
 *
 * The first restart is immediate.  While emulators die without having answered
 * a command the next waits, each time twice as long, 10 ms to 1 s: shorter than
 * Linux waits for the quickest commands twice over.  More than the configured
 * number in a minute are not made at all.
 *
 * A command that was being executed is to blame for a death from within (a
 * crash, a forbidden system call, a hang).  Somebody else's SIGKILL it cannot
 * help, except that the kernel uses the same when memory runs out: so it gets
 * away with a few.
 */

#include <stdbool.h>
#include <stdint.h>

#define VTPM_DEATHS_FROM_WITHIN_MAX 2u
#define VTPM_DEATHS_BY_OTHERS_MAX 10u

struct vtpm_restart_policy
{
  unsigned int per_minute;
  int64_t credit;     /* in restarts times 60000 */
  int64_t last_death;
  uint64_t last_sent;
  unsigned int delay; /* before the next one, unless there is progress */
  uint64_t suspect;   /* number of the command that the last deaths happened in */
  unsigned int from_within;
  unsigned int by_others;
};

struct vtpm_death
{
  int64_t now;
  bool from_within;
  uint64_t number; /* of the command that was being executed, 0: none */
  uint64_t sent;   /* of the last one that was answered */
};

struct vtpm_restart_plan
{
  bool give_up;
  unsigned int delay;
  uint64_t refuse; /* the number of a command not to be executed again, 0: none */
};

void vtpm_restart_policy_init (struct vtpm_restart_policy *policy, unsigned int per_minute,
                               int64_t now);

struct vtpm_restart_plan vtpm_restart_policy_plan (struct vtpm_restart_policy *policy,
                                                   const struct vtpm_death *death);

#endif
