/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SANDBOX_H
#define OCI_VTPM_SANDBOX_H

/*
 * The emulator's sandbox.  Each layer is one function, takes away something
 * for good, and is put on in the order given here.  None needs a privilege.
 * They hold for the calling process, which must have a single thread.
 */

#include <sys/types.h>

#include "error.h"

/* Not dumpable and not traceable by its own user; killed when PARENT, the
   process that getppid(2) named when this one began, ends; no core file, no
   file written, no new process, and no new descriptor: those that are open stay
   usable, but not with poll(2), which fails with EINVAL from here on.  */
int vtpm_sandbox_limits (pid_t parent, struct vtpm_error **error);

/* Sets no_new_privs and a seccomp filter that knows only the system calls a
   started TPM needs.  Any other one ends the process with SIGSYS.  */
int vtpm_sandbox_close_door (struct vtpm_error **error);

#endif
