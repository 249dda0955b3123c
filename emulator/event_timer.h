/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EVENT_TIMER_H
#define OCI_VTPM_EVENT_TIMER_H

/* Timers of an event loop, by a clock that never jumps (CLOCK_MONOTONIC).  */

#include <stdint.h>

#include "event_loop.h"

/* Belongs to whoever embeds it and must stay in place.  vtpm_event_loop_drop on
   SOURCE ends it.  */
struct vtpm_event_timer
{
  struct vtpm_event_source source;
  void (*expire) (void *context);
  void *context;
};

/* Makes a timer that is not running.  LOOP calls EXPIRE when it has expired.  */
int vtpm_event_timer_open (struct vtpm_event_loop *loop, struct vtpm_event_timer *timer,
                           void (*expire) (void *context), void *context,
                           struct vtpm_error **error);

/* Makes it expire once, MILLISECONDS from now and at once if that is 0, instead
   of whenever it would have.  */
int vtpm_event_timer_set (const struct vtpm_event_timer *timer, int64_t milliseconds,
                          struct vtpm_error **error);

/* Stops it, which may be stopped already.  An expiration that the loop has not yet
   come to is forgotten.  */
int vtpm_event_timer_stop (const struct vtpm_event_timer *timer, struct vtpm_error **error);

#endif
