/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BASE_DIRS_H
#define OCI_VTPM_BASE_DIRS_H

/*
 * The directories that supervisors, who are not root, make theirs in.  Each is
 * made where it is missing.  One that others than its owner may write to is an
 * error: they could put things of theirs where we look for ours.
 */

#include "error.h"
#include "privilege.h"

/* PATH of all run-time directories: belongs to USER, and all may look.  */
int vtpm_base_dirs_make_run (const char *path, const struct vtpm_user *user,
                             struct vtpm_error **error);

/* STATE_DIR, which belongs to us and which all may read, and "instances" in it,
   which belongs to USER and is of no use to anybody else.  */
int vtpm_base_dirs_make_state (const char *state_dir, const struct vtpm_user *user,
                               struct vtpm_error **error);

#endif
