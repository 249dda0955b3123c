/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "event_timer.h"

#include <poll.h>
#include <stdbool.h>
#include <time.h>

#include "expect_error.h"

#define A_LONG_TIME 3600000

static struct vtpm_event_loop loop;

struct counted_timer
{
  struct vtpm_event_timer timer;
  int count;
};

static struct counted_timer first, second;

static void
count (void *context)
{
  ((struct counted_timer *) context)->count++;
}

static void
set_up (void)
{
  assert_success (vtpm_event_loop_open (&loop, &error));
  assert_success (vtpm_event_timer_open (&loop, &first.timer, count, &first, &error));
  assert_success (vtpm_event_timer_open (&loop, &second.timer, count, &second, &error));
}

static void
tear_down (void)
{
  vtpm_event_loop_drop (&loop, &first.timer.source);
  vtpm_event_loop_drop (&loop, &second.timer.source);
  vtpm_event_loop_close (&loop);
}

TestSuite (event_timer, .init = set_up, .fini = tear_down, .timeout = 60);

static void
set (const struct counted_timer *counted, int64_t milliseconds)
{
  assert_success (vtpm_event_timer_set (&counted->timer, milliseconds, &error));
}

static bool
is_ready (const struct counted_timer *counted, int timeout)
{
  struct pollfd ready = { .fd = counted->timer.source.fd, .events = POLLIN };

  return poll (&ready, 1, timeout) == 1;
}

static int64_t
get_milliseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Test (event_timer, expires_once)
{
  set (&first, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 1);
  cr_expect_eq (second.count, 0);
  cr_expect_not (is_ready (&first, 0));
}

Test (event_timer, is_not_early)
{
  int64_t start = get_milliseconds ();

  set (&first, 1100);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 1);
  cr_expect_geq (get_milliseconds () - start, 1099);
}

Test (event_timer, expires_at_once)
{
  set (&first, 0);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 1);
}

Test (event_timer, can_be_set_again)
{
  set (&first, A_LONG_TIME);
  set (&first, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 1);
  set (&first, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 2);
}

Test (event_timer, does_not_run_until_it_is_set)
{
  set (&second, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (second.count, 1);
  cr_expect_not (is_ready (&first, 0));
}

Test (event_timer, can_be_stopped)
{
  assert_success (vtpm_event_timer_stop (&first.timer, &error));
  set (&first, 1);
  cr_assert (is_ready (&first, -1));
  assert_success (vtpm_event_timer_stop (&first.timer, &error));
  set (&second, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (first.count, 0);
  cr_expect_eq (second.count, 1);
}

/* An event may be stale by the time it is taken.  */
Test (event_timer, has_not_expired_because_somebody_says_so)
{
  first.timer.source.handle (first.timer.source.context);
  cr_expect_eq (first.count, 0);
}

Test (event_timer, tells_that_it_does_not_work)
{
  const struct vtpm_event_timer closed = { .source = { .fd = -1 } };

  expect_error (vtpm_event_timer_set (&closed, 1, &error), EBADF, "cannot set a timer");
  expect_error (vtpm_event_timer_stop (&closed, &error), EBADF, "cannot stop a timer");
}
