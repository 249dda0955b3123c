/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BENCH_CLOCK_H
#define OCI_VTPM_BENCH_CLOCK_H

#include <time.h>

/* Of a clock that never jumps.  */
static inline long long
bench_now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline double
bench_now_us (void)
{
  return (double) bench_now_ns () / 1e3;
}

#endif
