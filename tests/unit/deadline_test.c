/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "deadline.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <time.h>

/* More than any test takes.  */
#define SLACK_MILLISECONDS 60000

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C (1000000000) + time.tv_nsec;
}

Test (deadline, lies_in_the_future)
{
  int64_t before = now ();
  vtpm_deadline deadline = vtpm_deadline_after_seconds (1000);
  int64_t after = now ();
  int left = vtpm_deadline_left (deadline);

  cr_expect_geq (deadline, before + INT64_C (1000000000000));
  cr_expect_leq (deadline, after + INT64_C (1000000000000));
  cr_expect_leq (left, 1000000);
  cr_expect_geq (left, 1000000 - SLACK_MILLISECONDS);
}

Test (deadline, passes)
{
  cr_expect_eq (vtpm_deadline_left (vtpm_deadline_after_seconds (0)), 0);
  cr_expect_eq (vtpm_deadline_left (now () - 1), 0);
  cr_expect_eq (vtpm_deadline_left (0), 0);
  cr_expect_eq (vtpm_deadline_left (INT64_MIN / 2), 0);
}

/* A part of a millisecond is waited for, not polled for.  */
Test (deadline, rounds_up)
{
  for (int i = 0; i < 1000; i++)
    {
      vtpm_deadline deadline = now () + 500000;
      int left = vtpm_deadline_left (deadline);

      cr_assert (left == 1 || now () >= deadline, "%d", left);
    }
}

Test (deadline, fits_into_an_int)
{
  cr_expect_eq (vtpm_deadline_left (vtpm_deadline_after_seconds (UINT_MAX)), INT_MAX);
  cr_expect_eq (vtpm_deadline_left (INT64_MAX), INT_MAX);
}
