/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_version.h"

#include <string.h>

#include "names.h"

static const char *const names[] = {
  [VTPM_TPM_2_0] = "2.0",
  [VTPM_TPM_1_2] = "1.2",
};

const char *
vtpm_tpm_version_name (enum vtpm_tpm_version version)
{
  return names[version];
}

int
vtpm_tpm_version_from_name (const char *name, enum vtpm_tpm_version *version,
                            struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    if (strcmp (name, names[i]) == 0)
      {
        *version = (enum vtpm_tpm_version) i;
        return 0;
      }
  return vtpm_error_set_plain (error, EINVAL, "\"%s\" is neither 2.0 nor 1.2",
                               vtpm_name_quote (name, quoted, sizeof (quoted)));
}
