/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_CGROUP_INTERNAL_H
#define OCI_VTPM_DEVICE_CGROUP_INTERNAL_H

/* What device_cgroup.c asks of each cgroup version.  */

#include "device_cgroup.h"

/* What has been allowed, as far as it has to be taken back; of the version's
   own shape.  */
struct vtpm_device_grant;

struct vtpm_device_cgroup_ops
{
  /* Allows all or nothing.  PATH is for messages.  *GRANT may stay NULL when
     there was nothing to do.  */
  int (*allow) (int cgroup_fd, const char *path, const struct vtpm_device_number *numbers,
                size_t count, struct vtpm_device_grant **grant, struct vtpm_error **error);

  /* Takes GRANT back, best effort.  */
  void (*take_back) (int cgroup_fd, const char *path, struct vtpm_device_grant *grant);

  /* Frees GRANT, which may be NULL, and leaves it in effect.  */
  void (*free_grant) (struct vtpm_device_grant *grant);
};

extern const struct vtpm_device_cgroup_ops vtpm_device_cgroup_v1;
extern const struct vtpm_device_cgroup_ops vtpm_device_cgroup_v2;

#endif
