/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "watchdog.h"

/* How often a late command is looked at again.  */
#define LATE 1000

static int64_t
get_allowance (const struct vtpm_watchdog_sample *sample)
{
  if (sample->allowance == 0)
    return 1;
  return sample->allowance < VTPM_WATCHDOG_ALLOWANCE_MAX ? sample->allowance
                                                         : VTPM_WATCHDOG_ALLOWANCE_MAX;
}

enum vtpm_watchdog_verdict
vtpm_watchdog_look (struct vtpm_watchdog *watchdog, const struct vtpm_watchdog_sample *sample,
                    int64_t *next)
{
  int64_t allowance = get_allowance (sample);
  int64_t used_lately = sample->cpu - watchdog->cpu_last;

  watchdog->cpu_last = sample->cpu;
  if (sample->number == 0)
    {
      watchdog->number = 0;
      return VTPM_WATCHDOG_IDLE;
    }
  if (sample->number != watchdog->number)
    {
      watchdog->number = sample->number;
      watchdog->since = sample->now;
      watchdog->cpu_since = sample->cpu;
      *next = allowance;
      return VTPM_WATCHDOG_LOOK;
    }
  *next = allowance - (sample->now - watchdog->since);
  if (*next > 0)
    return VTPM_WATCHDOG_LOOK;
  if (used_lately == 0 || sample->cpu - watchdog->cpu_since >= allowance)
    return VTPM_WATCHDOG_HUNG;
  *next = LATE;
  return VTPM_WATCHDOG_LOOK;
}
