/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_CGROUP_H
#define OCI_VTPM_DEVICE_CGROUP_H

/*
 * The device cgroup of a container: a node in /dev is of no use before its
 * number is allowed here.  cgroup v1 takes rules (devices.allow, see
 * Documentation/admin-guide/cgroup-v1/devices.rst), v2 has BPF filters that
 * are replaced by ones which allow more (device_filter.h).
 *
 * Only what was made for the container is changed.  Where an administrator
 * denies the device in a cgroup further up, v1 gives an error (EPERM), v2
 * cannot tell, and a filter up there is worth a warning in the log.
 */

#include <stddef.h>

#include "device_number.h"
#include "error.h"

struct vtpm_device_cgroup;

/* Finds the cgroup of the process of PROC_FD (vtpm_container_process_open).  */
int vtpm_device_cgroup_open (int proc_fd, struct vtpm_device_cgroup **cgroup,
                             struct vtpm_error **error);

/* Allows reading and writing (not mknod) of the character devices NUMBERS.
   All of them or none.  To be called once.  */
int vtpm_device_cgroup_allow (struct vtpm_device_cgroup *cgroup,
                              const struct vtpm_device_number *numbers, size_t count,
                              struct vtpm_error **error);

/* Takes back what vtpm_device_cgroup_allow did, as far as that is possible;
   what is not is logged as a warning.  */
void vtpm_device_cgroup_undo (struct vtpm_device_cgroup *cgroup);

/* Frees CGROUP, which may be NULL; what was allowed stays allowed.  */
void vtpm_device_cgroup_free (struct vtpm_device_cgroup *cgroup);

static inline void
vtpm_cleanup_device_cgroup (struct vtpm_device_cgroup **cgroup)
{
  vtpm_device_cgroup_free (*cgroup);
}

#define _cleanup_device_cgroup_ VTPM_CLEANUP (vtpm_cleanup_device_cgroup)

#endif
