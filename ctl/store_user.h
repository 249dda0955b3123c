/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STORE_USER_H
#define OCI_VTPM_STORE_USER_H

/*
 * What is below <state directory>/instances belongs to the supervisors'
 * unprivileged user, and a supervisor that has been broken into puts there what
 * it likes.  As that user we can be made to do nothing that it could not do
 * itself; as root we could.  So whatever needs root, keys and other people's files,
 * is opened first, and root is left behind before the instances are touched.
 */

#include "error.h"
#include "secret_bytes.h"

/* The largest output of a vtpm_store_work.  */
#define VTPM_STORE_OUTPUT_MAX ((size_t) 4 << 20)

/* Becomes the supervisors' user, for good, unless the instances below STATE_DIR are
   our own user's.  Errors: ENOENT, there are none; EPERM, we are neither their
   owner nor root.  On failure the process must not touch the instances.  */
int vtpm_store_user_become (const char *state_dir, struct vtpm_error **error);

/* Fills *OUTPUT with VTPM_STORE_OUTPUT_MAX bytes at most.  */
typedef int (*vtpm_store_work) (void *context, struct vtpm_secret_bytes *output,
                                struct vtpm_error **error);

/* Does WORK in a child process that has become the owner, while we stay what we are.
   Its output and its error come back; nothing else that it changes does.  The
   output is as trustworthy as that user is.  The caller clears *OUTPUT.  */
int vtpm_store_user_run (const char *state_dir, vtpm_store_work work, void *context,
                         struct vtpm_secret_bytes *output, struct vtpm_error **error);

#endif
