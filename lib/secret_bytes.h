/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SECRET_BYTES_H
#define OCI_VTPM_SECRET_BYTES_H

/* Memory that may hold a TPM's state, overwritten before it is freed.  */

#include <stdint.h>
#include <string.h>

#include "cleanup.h"

struct vtpm_secret_bytes
{
  uint8_t *data; /* from malloc, or NULL */
  size_t size;
};

static inline void
vtpm_secret_bytes_clear (struct vtpm_secret_bytes *bytes)
{
  if (bytes->data != NULL)
    explicit_bzero (bytes->data, bytes->size);
  free (bytes->data);
  *bytes = (struct vtpm_secret_bytes) { 0 };
}

/* Hands the memory over: the variable no longer owns it.  */
static inline struct vtpm_secret_bytes
vtpm_secret_bytes_steal (struct vtpm_secret_bytes *bytes)
{
  struct vtpm_secret_bytes stolen = *bytes;

  *bytes = (struct vtpm_secret_bytes) { 0 };
  return stolen;
}

#define _cleanup_secret_bytes_ VTPM_CLEANUP (vtpm_secret_bytes_clear)

#endif
