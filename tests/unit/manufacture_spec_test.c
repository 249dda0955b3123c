/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture_spec.h"

#include "expect_error.h"

Test (manufacture_spec, reads_pcr_banks)
{
  unsigned int banks = 0;
  char text[VTPM_SET_TEXT_SIZE];

  assert_success (vtpm_pcr_banks_parse ("sha384,sha256", &banks, &error));
  cr_assert_eq (banks, 1U << VTPM_PCR_SHA256 | 1U << VTPM_PCR_SHA384);
  cr_assert_str_eq (vtpm_pcr_banks_format (banks, text), "sha256,sha384");
  assert_success (vtpm_pcr_banks_parse ("sha1,sha256,sha384,sha512", &banks, &error));
  cr_assert_str_eq (vtpm_pcr_banks_format (banks, text), "sha1,sha256,sha384,sha512");
}

Test (manufacture_spec, reads_key_types)
{
  unsigned int types = 77;
  char text[VTPM_SET_TEXT_SIZE];

  assert_success (vtpm_key_types_parse ("none", &types, &error));
  cr_assert_eq (types, 0);
  cr_assert_str_eq (vtpm_key_types_format (types, text), "none");
  assert_success (vtpm_key_types_parse ("ecc-p521,ecc-p384,ecc-p256,rsa3072,rsa2048", &types,
                                        &error));
  cr_assert_str_eq (vtpm_key_types_format (types, text),
                    "rsa2048,rsa3072,ecc-p256,ecc-p384,ecc-p521");
}

Test (manufacture_spec, refuses_what_is_none)
{
  unsigned int set = 77;

  expect_error (vtpm_pcr_banks_parse ("", &set, &error), EINVAL, "\"\" is not a PCR bank");
  expect_error (vtpm_pcr_banks_parse ("none", &set, &error), EINVAL,
                "\"none\" is not a PCR bank; there are sha1,sha256,sha384,sha512");
  expect_error (vtpm_pcr_banks_parse ("sha256,", &set, &error), EINVAL, "\"\" is not");
  expect_error (vtpm_pcr_banks_parse ("sha256,sha256", &set, &error), EINVAL,
                "\"sha256\" is given twice");
  expect_error (vtpm_pcr_banks_parse ("sha256, sha1", &set, &error), EINVAL, "\" sha1\" is not");
  expect_error (vtpm_pcr_banks_parse ("SHA256", &set, &error), EINVAL, "\"SHA256\" is not");
  expect_error (vtpm_pcr_banks_parse ("sha2\x1b[31m", &set, &error), EINVAL, "sha2");
  expect_error (vtpm_key_types_parse ("rsa1024", &set, &error), EINVAL,
                "\"rsa1024\" is not a type of key");
  expect_error (vtpm_key_types_parse ("rsa2048,none", &set, &error), EINVAL, "\"none\" is not");
  expect_error (vtpm_key_types_parse ("rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048"
                                      "rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048rsa2048",
                                      &set, &error),
                EINVAL, "is not a type of key");
  cr_assert_eq (set, 77, "changed by what failed");
}
