/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EXISTING_VTPM_H
#define OCI_VTPM_EXISTING_VTPM_H

/* What may be there already under a container's id when a hook runs.  */

#include <stdbool.h>
#include <sys/types.h>

#include "deadline.h"
#include "error.h"

/* Makes room for a new vTPM of container ID whose init is CONTAINER_PID.

   *SERVED is true when this very container has its vTPM already.  A vTPM that
   is ending (the container's former life) is waited for; the directory of a
   dead supervisor is removed.  A vTPM in use by another container is an
   error.  */
int vtpm_existing_make_room (const char *base, const char *id, pid_t container_pid,
                             vtpm_deadline deadline, bool *served, struct vtpm_error **error);

/* Waits for the end of the vTPM of container ID, another one than the hook's, if
   it is ending or its container is dead.  *ENDED is false if it goes on.  None at
   all has ended.  */
int vtpm_existing_await_end (const char *base, const char *id, vtpm_deadline deadline, bool *ended,
                             struct vtpm_error **error);

/* Ends what is there, if anything, and waits until it is gone.  */
int vtpm_existing_end (const char *base, const char *id, vtpm_deadline deadline,
                       struct vtpm_error **error);

#endif
