/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "deadline.h"

#include <limits.h>
#include <time.h>

#define NANOSECONDS_PER_SECOND INT64_C (1000000000)
#define NANOSECONDS_PER_MILLISECOND INT64_C (1000000)

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * NANOSECONDS_PER_SECOND + time.tv_nsec;
}

vtpm_deadline
vtpm_deadline_after_seconds (unsigned int seconds)
{
  return now () + (int64_t) seconds * NANOSECONDS_PER_SECOND;
}

int
vtpm_deadline_left (vtpm_deadline deadline)
{
  int64_t left = deadline - now ();

  if (left <= 0)
    return 0;
  left = (left + NANOSECONDS_PER_MILLISECOND - 1) / NANOSECONDS_PER_MILLISECOND;
  return left > INT_MAX ? INT_MAX : (int) left;
}
