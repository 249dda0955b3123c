/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_WATCHDOG_H
#define OCI_VTPM_WATCHDOG_H

/*
 * Whether an emulator hangs.  Computes only; all times are milliseconds.
 *
 * While a TPM has no work nobody watches, and no timer runs.  An emulator that
 * takes a command and finds itself unwatched says so (VTPM_EMULATOR_BUSY); from
 * then on a timer looks, as often as commands may take, until it finds no work.
 *
 * Longer than a command may take is not yet a hang: the host may be
 * overloaded.  One that has used that much processor time loops, and one that
 * has used none since the last look is stuck.
 */

#include <stdint.h>

/* No command is allowed more, whatever the emulator says: as long as Linux
   waits for any command, twice.  */
#define VTPM_WATCHDOG_ALLOWANCE_MAX 600000u

struct vtpm_watchdog
{
  uint64_t number; /* of the command being watched, 0: none */
  int64_t since;
  int64_t cpu_since; /* the emulator's processor time then */
  int64_t cpu_last;  /* and at the last look */
};

struct vtpm_watchdog_sample
{
  int64_t now;
  int64_t cpu;        /* processor time that the emulator has used */
  uint64_t number;    /* of the command being executed, 0: none */
  uint32_t allowance; /* how long it may take */
};

enum vtpm_watchdog_verdict
{
  VTPM_WATCHDOG_IDLE, /* no need to look again */
  VTPM_WATCHDOG_LOOK, /* look again after *NEXT */
  VTPM_WATCHDOG_HUNG,
};

enum vtpm_watchdog_verdict vtpm_watchdog_look (struct vtpm_watchdog *watchdog,
                                               const struct vtpm_watchdog_sample *sample,
                                               int64_t *next);

#endif
