/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_NEW_TPM_H
#define OCI_VTPM_NEW_TPM_H

/* Where a TPM comes from that is to have what no emulator gives it by itself: out of the
   pool, or made now.  */

#include "deadline.h"
#include "host_config.h"
#include "oci_state.h"
#include "pool_list.h"
#include "privilege.h"
#include "vtpm_spec.h"

struct vtpm_new_tpm_request
{
  const struct vtpm_oci_state *state;
  const struct vtpm_spec *spec;
  const struct vtpm_host_config *config;
  const struct vtpm_user *user; /* the supervisors' */
  bool may_be_pooled;
};

struct vtpm_new_tpm
{
  char uuid[VTPM_UUID_TEXT_SIZE];   /* that it has if it is new */
  char pooled[VTPM_POOL_NAME_SIZE]; /* which of the pool it is; "": none */
  int seed_fd;                      /* tpm_seed.h, close-on-exec; empty if it is pooled, or
                                       nothing has to be made */
};

/* Nothing has to be made of a TPM that is as its emulator makes it, or has been made before:
   then it has to have it already, which its emulator checks.  */
int vtpm_new_tpm_prepare (const struct vtpm_new_tpm_request *request, vtpm_deadline deadline,
                          struct vtpm_new_tpm *tpm, struct vtpm_error **error);

#endif
