/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EVENT_LOOP_H
#define OCI_VTPM_EVENT_LOOP_H

/* A minimal epoll(7) loop.  Events are taken one by one, so that a handler may
   remove any source, its own or another, without leaving a stale event
   behind.  */

#include "error.h"

/* One watched descriptor; belongs to whoever embeds it and must stay in place
   while it is watched.  */
struct vtpm_event_source
{
  int fd;
  void (*handle) (void *context); /* FD is readable or hung up */
  void *context;
};

struct vtpm_event_loop
{
  int epoll_fd;
};

int vtpm_event_loop_open (struct vtpm_event_loop *loop, struct vtpm_error **error);
void vtpm_event_loop_close (struct vtpm_event_loop *loop);

int vtpm_event_loop_add (struct vtpm_event_loop *loop, struct vtpm_event_source *source,
                         struct vtpm_error **error);

/* Stops watching, closes the descriptor and sets it to -1.  A source whose
   descriptor is -1 already is left alone.  */
void vtpm_event_loop_drop (struct vtpm_event_loop *loop, struct vtpm_event_source *source);

/* Waits for one event and calls its handler.  */
int vtpm_event_loop_run_once (struct vtpm_event_loop *loop, struct vtpm_error **error);

#endif
