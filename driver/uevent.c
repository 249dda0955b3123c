/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "uevent.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#define KERNEL_EVENTS_GROUP 1

int
vtpm_uevent_open (int *fd, struct vtpm_error **error)
{
  const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS_GROUP };
  _cleanup_close_ int made
      = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

  if (made < 0)
    return vtpm_error_set (error, errno, "cannot make a uevent socket");
  if (bind (made, (const struct sockaddr *) &address, sizeof (address)) < 0)
    return vtpm_error_set (error, errno, "cannot listen to uevents");
  *fd = vtpm_steal_fd (&made);
  return 0;
}

int
vtpm_uevent_drain (int fd, struct vtpm_error **error)
{
  char event[64]; /* the rest of a longer one is discarded by the kernel */

  for (;;)
    if (recv (fd, event, sizeof (event), 0) < 0)
      switch (errno)
        {
        case EAGAIN:
          return 0;
        case EINTR:
        case ENOBUFS: /* events were lost; sysfs is looked at anyway */
          break;
        default:
          return vtpm_error_set (error, errno, "cannot receive uevents");
        }
}
