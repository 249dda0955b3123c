/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "event_loop.h"

#include <sys/epoll.h>

int
vtpm_event_loop_open (struct vtpm_event_loop *loop, struct vtpm_error **error)
{
  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (loop->epoll_fd < 0)
    return vtpm_error_set (error, errno, "cannot make an epoll descriptor");
  return 0;
}

void
vtpm_event_loop_close (struct vtpm_event_loop *loop)
{
  vtpm_cleanup_close (&loop->epoll_fd);
}

int
vtpm_event_loop_add (struct vtpm_event_loop *loop, struct vtpm_event_source *source,
                     struct vtpm_error **error)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

  if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
    return vtpm_error_set (error, errno, "cannot watch descriptor %d", source->fd);
  return 0;
}

void
vtpm_event_loop_drop (struct vtpm_event_loop *loop, struct vtpm_event_source *source)
{
  if (source->fd < 0)
    return;
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
  vtpm_cleanup_close (&source->fd);
}

int
vtpm_event_loop_run_once (struct vtpm_event_loop *loop, struct vtpm_error **error)
{
  struct epoll_event event;
  const struct vtpm_event_source *source;
  int count;

  do
    count = epoll_wait (loop->epoll_fd, &event, 1, -1);
  while (count < 0 && errno == EINTR);
  if (count < 0)
    return vtpm_error_set (error, errno, "cannot wait for events");
  source = event.data.ptr;
  source->handle (source->context);
  return 0;
}
