/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "event_timer.h"

#include <sys/timerfd.h>
#include <time.h>

static void
handle (void *context)
{
  const struct vtpm_event_timer *timer = context;
  uint64_t expirations;

  if (read (timer->source.fd, &expirations, sizeof (expirations)) > 0)
    timer->expire (timer->context);
}

int
vtpm_event_timer_open (struct vtpm_event_loop *loop, struct vtpm_event_timer *timer,
                       void (*expire) (void *context), void *context, struct vtpm_error **error)
{
  *timer = (struct vtpm_event_timer) {
    .source = {
      .fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
      .handle = handle,
      .context = timer,
    },
    .expire = expire,
    .context = context,
  };
  if (timer->source.fd < 0)
    return vtpm_error_set (error, errno, "cannot make a descriptor to watch");
  return vtpm_event_loop_add (loop, &timer->source, error);
}

/* timerfd_settime takes 0 for "never".  */
int
vtpm_event_timer_set (const struct vtpm_event_timer *timer, int64_t milliseconds,
                      struct vtpm_error **error)
{
  const struct itimerspec due = {
    .it_value.tv_sec = (time_t) (milliseconds / 1000),
    .it_value.tv_nsec = (long) (milliseconds % 1000) * 1000000 + (milliseconds == 0 ? 1 : 0),
  };

  if (timerfd_settime (timer->source.fd, 0, &due, NULL) < 0)
    return vtpm_error_set (error, errno, "cannot set a timer");
  return 0;
}

int
vtpm_event_timer_stop (const struct vtpm_event_timer *timer, struct vtpm_error **error)
{
  if (timerfd_settime (timer->source.fd, 0, &(const struct itimerspec) { 0 }, NULL) < 0)
    return vtpm_error_set (error, errno, "cannot stop a timer");
  return 0;
}
