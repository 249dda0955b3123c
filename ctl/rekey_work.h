/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_REKEY_WORK_H
#define OCI_VTPM_REKEY_WORK_H

/* Encrypting instances under the current host key that are under the one before it.  */

#include "error.h"
#include "host_key.h"
#include "secret_bytes.h"

struct vtpm_rekey_work
{
  const char *state_dir;
  const struct vtpm_host_keys *keys; /* two */
};

/* What came of it, and after that in the output: for each instance that still needs
   the previous key one line that says why.  */
struct vtpm_rekey_result
{
  uint32_t done;
  uint32_t left;
};

/* A vtpm_store_work (store_user.h), its context a struct vtpm_rekey_work.  Writes
   each instance twice, so that state.previous is under the current key too.  */
int vtpm_rekey_work (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error);

#endif
