/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_PROCESS_H
#define OCI_VTPM_CA_PROCESS_H

/* The certificate authority, while a TPM is made.  */

#include "certificate_request.h"
#include "privilege.h"

struct vtpm_ca_start
{
  const struct vtpm_user *user;
  struct vtpm_certificate_binding binding; /* whom the TPM is for */
  const char *program; /* NULL: vtpm-ca as installed */
};

/* Starts vtpm-ca.  What goes wrong from then on it says through the channel (enum
   vtpm_ca_message), whose other end *CHANNEL_FD is.  */
int vtpm_ca_process_start (const struct vtpm_ca_start *start, pid_t *pid, int *channel_fd,
                           struct vtpm_error **error);

/* Ends it, wherever it is: what it has promised is on disk.  */
void vtpm_ca_process_end (pid_t pid);

#endif
