/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "event_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include "expect_error.h"

static struct vtpm_event_loop loop;

static void
open_loop (void)
{
  assert_success (vtpm_event_loop_open (&loop, &error));
}

static void
close_loop (void)
{
  vtpm_event_loop_close (&loop);
  cr_expect_eq (loop.epoll_fd, -1);
}

TestSuite (event_loop, .init = open_loop, .fini = close_loop, .timeout = 60);

/* A source that counts; its event stays until it is read.  */
struct counter
{
  struct vtpm_event_source source;
  struct counter *victim; /* is dropped as well */
  int count;
  bool stays;
};

static void
handle (void *context)
{
  struct counter *counter = context;
  uint64_t value;

  counter->count++;
  if (!counter->stays)
    cr_expect_eq (read (counter->source.fd, &value, sizeof (value)), (ssize_t) sizeof (value));
  if (counter->victim != NULL)
    vtpm_event_loop_drop (&loop, &counter->victim->source);
}

static void
watch (struct counter *counter, unsigned int events)
{
  *counter = (struct counter){
    .source = { .fd = eventfd (events, EFD_CLOEXEC), .handle = handle, .context = counter },
  };
  assert_success (vtpm_event_loop_add (&loop, &counter->source, &error));
}

Test (event_loop, calls_the_handler_of_what_is_ready)
{
  struct counter idle, ready;

  watch (&idle, 0);
  watch (&ready, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (ready.count, 1);
  cr_expect_eq (idle.count, 0);
  cr_assert_eq (eventfd_write (idle.source.fd, 1), 0);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (ready.count, 1);
  cr_expect_eq (idle.count, 1);
}

/* One that is always ready does not keep the others from being heard.  */
Test (event_loop, is_fair)
{
  struct counter greedy, modest;

  watch (&greedy, 1);
  greedy.stays = true;
  watch (&modest, 1);
  for (int i = 0; i < 4; i++)
    assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (modest.count, 1);
  cr_expect_eq (greedy.count, 3);
}

Test (event_loop, lets_a_handler_drop_its_own_source)
{
  struct counter suicidal, other;

  watch (&suicidal, 1);
  suicidal.stays = true;
  suicidal.victim = &suicidal;
  watch (&other, 1);
  other.stays = true;
  for (int i = 0; i < 3; i++)
    assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (suicidal.count, 1);
  cr_expect_eq (suicidal.source.fd, -1);
  cr_expect_eq (other.count, 2);
}

/* Both are ready at once; whichever is first drops the other.  */
Test (event_loop, forgets_events_of_a_dropped_source)
{
  struct counter one, two;

  watch (&one, 1);
  watch (&two, 1);
  one.stays = two.stays = true;
  one.victim = &two;
  two.victim = &one;
  for (int i = 0; i < 3; i++)
    assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (one.count + two.count, 3);
  cr_expect (one.count == 0 || two.count == 0);
}

Test (event_loop, closes_what_it_drops)
{
  struct counter counter;
  int fd;

  watch (&counter, 0);
  fd = counter.source.fd;
  vtpm_event_loop_drop (&loop, &counter.source);
  cr_expect_eq (counter.source.fd, -1);
  cr_expect_eq (fcntl (fd, F_GETFD), -1);
  vtpm_event_loop_drop (&loop, &counter.source);
  cr_expect_eq (counter.count, 0);
}

/* A duplicate keeps the open file alive, for which epoll would go on.  */
Test (event_loop, stops_watching_although_a_duplicate_is_open)
{
  struct counter dropped, other;
  int duplicate;

  watch (&dropped, 1);
  dropped.stays = true;
  duplicate = dup (dropped.source.fd);
  vtpm_event_loop_drop (&loop, &dropped.source);
  watch (&other, 1);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (dropped.count, 0);
  cr_expect_eq (other.count, 1);
  close (duplicate);
}

Test (event_loop, hears_of_a_hang_up)
{
  struct counter counter = { .stays = true };
  int ends[2];

  cr_assert_eq (pipe (ends), 0);
  counter.source
      = (struct vtpm_event_source){ .fd = ends[0], .handle = handle, .context = &counter };
  assert_success (vtpm_event_loop_add (&loop, &counter.source, &error));
  close (ends[1]);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (counter.count, 1);
}

static int interrupted_fd;

static void
interrupt (int number)
{
  static int count;

  (void) number;
  if (++count == 3)
    eventfd_write (interrupted_fd, 1);
}

Test (event_loop, survives_signals)
{
  static const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
  const struct sigaction action = { .sa_handler = interrupt };
  struct counter counter;

  watch (&counter, 0);
  interrupted_fd = counter.source.fd;
  cr_assert_eq (sigaction (SIGALRM, &action, NULL), 0);
  cr_assert_eq (setitimer (ITIMER_REAL, &often, NULL), 0);
  assert_success (vtpm_event_loop_run_once (&loop, &error));
  cr_expect_eq (counter.count, 1);
}

Test (event_loop, cannot_watch_everything)
{
  struct vtpm_event_source nothing = { .fd = -1 };
  struct vtpm_event_source file = { .fd = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC) };
  struct counter counter;

  expect_error (vtpm_event_loop_add (&loop, &nothing, &error), EBADF, "cannot watch descriptor -1");
  expect_error (vtpm_event_loop_add (&loop, &file, &error), EPERM, "cannot watch descriptor ");
  watch (&counter, 0);
  expect_error (vtpm_event_loop_add (&loop, &counter.source, &error), EEXIST, "cannot watch");
}

Test (event_loop, fails_once_it_is_closed)
{
  struct vtpm_event_loop closed;

  assert_success (vtpm_event_loop_open (&closed, &error));
  vtpm_event_loop_close (&closed);
  vtpm_event_loop_close (&closed);
  expect_error (vtpm_event_loop_run_once (&closed, &error), EBADF, "cannot wait for events");
}
