/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_PRIVILEGE_H
#define OCI_VTPM_PRIVILEGE_H

/* The system user that supervisors run as.  */

#include <sys/types.h>

#include "error.h"

struct vtpm_user
{
  uid_t uid;
  gid_t gid;
};

/* Looks NAME up.  root is refused.  */
int vtpm_user_find (const char *name, struct vtpm_user *user, struct vtpm_error **error);

/* Becomes USER for good: no supplementary groups, no capability in any set,
   none to be had by exec (no_new_privs).  For a process that is about to
   exec: on failure it must exit.  */
int vtpm_user_become (const struct vtpm_user *user, struct vtpm_error **error);

#endif
