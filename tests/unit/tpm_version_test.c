/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_version.h"

#include "expect_error.h"

Test (tpm_version, has_a_name_for_each)
{
  static const enum vtpm_tpm_version versions[] = { VTPM_TPM_2_0, VTPM_TPM_1_2 };

  cr_expect_str_eq (vtpm_tpm_version_name (VTPM_TPM_2_0), "2.0");
  cr_expect_str_eq (vtpm_tpm_version_name (VTPM_TPM_1_2), "1.2");
  for (size_t i = 0; i < 2; i++)
    {
      enum vtpm_tpm_version version = versions[1 - i];

      cr_expect_eq (
          vtpm_tpm_version_from_name (vtpm_tpm_version_name (versions[i]), &version, NULL), 0);
      cr_expect_eq (version, versions[i]);
    }
}

Test (tpm_version, refuses_other_names)
{
  static const char *const names[] = { "", "2", "1.2 ", " 2.0", "2.00", "tpm2.0", "1.3", "20" };

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      enum vtpm_tpm_version version = VTPM_TPM_1_2;

      cr_expect_eq (vtpm_tpm_version_from_name (names[i], &version, NULL), -1, "%s", names[i]);
      cr_expect_eq (version, VTPM_TPM_1_2);
      expect_error (vtpm_tpm_version_from_name (names[i], &version, &error), EINVAL,
                    "\" is neither 2.0 nor 1.2");
    }
}
