/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_INSTANCE_LOCK_H
#define OCI_VTPM_INSTANCE_LOCK_H

/*
 * The file "lock" in an instance's directory.  Whoever uses the instance holds
 * it and has written one line into it that says who that is: "container 4f3c",
 * "vtpmctl export".
 *
 * The lock is one of an open file description (F_OFD_SETLK in fcntl(2)) and no
 * flock(2), because only the former can be looked at without being taken: a
 * vtpmctl that lists instances must not make a container's start fail.
 *
 * The file belongs to the supervisors' user: a privileged reader follows no
 * symbolic link to it and believes nothing that it says.
 */

#include "error.h"
#include "instance_id.h"

#define VTPM_INSTANCE_LOCK "lock"

/* Room for what a lock file says.  */
#define VTPM_INSTANCE_HOLDER_SIZE 320

/* Locks LOCK_FD, the file of instance ID, which is open for reading and writing,
   in the name of HOLDER; that lasts until it is closed.  A line that cannot be
   written, on a full disk, keeps nobody out.  EBUSY: somebody else has it.  */
int vtpm_instance_lock_take (int lock_fd, const struct vtpm_instance_id *id, const char *holder,
                             struct vtpm_error **error);

/* Who holds it, printable, or "" if nobody does.  LOCK_FD is open for reading.  */
int vtpm_instance_lock_look (int lock_fd, char holder[VTPM_INSTANCE_HOLDER_SIZE],
                             struct vtpm_error **error);

/* The same, of instance ID below STATE_DIR.  One that is not there is held by
   nobody.  */
int vtpm_instance_lock_holder (const char *state_dir, const struct vtpm_instance_id *id,
                               char holder[VTPM_INSTANCE_HOLDER_SIZE], struct vtpm_error **error);

/* The error for an instance that HOLDER has: "instance local/web is in use by
   container 4f3c", EBUSY.  */
int vtpm_instance_lock_in_use (const struct vtpm_instance_id *id, const char *holder,
                               struct vtpm_error **error);

#endif
