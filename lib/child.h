/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CHILD_H
#define OCI_VTPM_CHILD_H

/* What a forked child does between fork(2) and execve(2), so that the program
   it becomes starts from a known state and inherits nothing by accident.  */

#include <stddef.h>

#include "error.h"

enum vtpm_child_stdio
{
  VTPM_CHILD_STDIO_NULL,   /* 0, 1 and 2 are /dev/null */
  VTPM_CHILD_STDIO_CLOSED, /* 0, 1 and 2 are closed */
};

/* Every signal's action is the default and none is blocked: crun runs hooks
   with nearly every signal blocked, and others leave some ignored.  */
void vtpm_child_reset_signals (void);

/* Puts FDS on the descriptors from 3 on, in their order, without
   close-on-exec, and closes everything else.  */
int vtpm_child_arrange_descriptors (const int *fds, size_t count, enum vtpm_child_stdio stdio,
                                    struct vtpm_error **error);

#endif
