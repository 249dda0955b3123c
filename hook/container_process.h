/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CONTAINER_PROCESS_H
#define OCI_VTPM_CONTAINER_PROCESS_H

/*
 * The container's init as seen through /proc, safe against the reuse of its
 * pid: a descriptor of the directory /proc/PID belongs to one process, and
 * what is read through it after that process has ended fails with ESRCH.
 */

#include <sys/types.h>

#include "error.h"

/* Opens /proc/PID (O_PATH).  PIDFD was made from PID; that the process it
   refers to still holds its pid is checked once the directory is open, so the
   directory can be of no other.  The caller closes *PROC_FD.  */
int vtpm_container_process_open (pid_t pid, int pidfd, int *proc_fd, struct vtpm_error **error);

#endif
