/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_MANUFACTURE_PROCESS_H
#define OCI_VTPM_MANUFACTURE_PROCESS_H

/*
 * Has vtpm-manufacture make a TPM.  That is done before there is a device: the kernel
 * asks a new device's TPM at once, and takes one that is late for a broken one.
 */

#include "ca_process.h"
#include "deadline.h"
#include "manufacture_spec.h"
#include "privilege.h"

struct vtpm_manufacture_start
{
  struct vtpm_manufacture_spec spec;
  struct vtpm_ca_start ca;      /* where there are keys to certify */
  const struct vtpm_user *user; /* who makes it */
  const char *program;          /* NULL: vtpm-manufacture as installed */
};

/* *SEED_FD is sealed (tpm_seed.h), and close-on-exec.  When this returns the processes
   have ended, whether it has succeeded or not.  */
int vtpm_manufacture_process_run (const struct vtpm_manufacture_start *start,
                                  vtpm_deadline deadline, int *seed_fd,
                                  struct vtpm_error **error);

#endif
