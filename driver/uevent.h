/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_UEVENT_H
#define OCI_VTPM_UEVENT_H

/*
 * The kernel's uevents (NETLINK_KOBJECT_UEVENT), used as a wake-up only: what
 * is true is read from sysfs, so that a lost or forged event does no harm.
 */

#include "error.h"

/* A non-blocking socket that becomes readable whenever the kernel adds,
   changes or removes a device.  No udev is needed.  Events reach only network
   namespaces that belong to the initial user namespace.  */
int vtpm_uevent_open (int *fd, struct vtpm_error **error);

/* Discards what is waiting.  */
int vtpm_uevent_drain (int fd, struct vtpm_error **error);

#endif
