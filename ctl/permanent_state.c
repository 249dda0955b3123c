/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "permanent_state.h"

#include <stdbool.h>

/* libtpms' PERSISTENT_ALL_MAGIC, after a version of two bytes that has changed and
   will.  */
static const uint8_t magic_2_0[] = { 0xab, 0x36, 0x47, 0x23 };
#define MAGIC_2_0_OFFSET 2

/* TPM_TAG_NVSTATE_V1, and TPM_TAG_PERMANENT_DATA of the TPM's main specification.  */
static const uint8_t magic_1_2[] = { 0x00, 0x01, 0x00, 0x22 };
#define MAGIC_1_2_OFFSET 0

static bool
has (const struct vtpm_secret_bytes *bytes, size_t offset, const uint8_t magic[4])
{
  return bytes->size >= offset + 4 && memcmp (bytes->data + offset, magic, 4) == 0;
}

int
vtpm_permanent_state_version (const struct vtpm_secret_bytes *permanent, const char *what,
                              enum vtpm_tpm_version *version, struct vtpm_error **error)
{
  if (has (permanent, MAGIC_2_0_OFFSET, magic_2_0))
    *version = VTPM_TPM_2_0;
  else if (has (permanent, MAGIC_1_2_OFFSET, magic_1_2))
    *version = VTPM_TPM_1_2;
  else
    return vtpm_error_set_plain (error, EILSEQ, "%s does not hold a TPM's permanent state", what);
  return 0;
}
