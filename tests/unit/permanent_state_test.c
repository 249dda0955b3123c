/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "permanent_state.h"

#include "expect_error.h"

static int
get_version (const char *data, size_t size, enum vtpm_tpm_version *version,
             struct vtpm_error **error)
{
  const struct vtpm_secret_bytes bytes = { (uint8_t *) data, size };

  return vtpm_permanent_state_version (&bytes, "F", version, error);
}

/* swtpm_file_test.c has whole ones, and vtpmctl_import_test.c tells them apart.  */
Test (permanent_state, is_of_a_tpm)
{
  enum vtpm_tpm_version version;

  assert_success (get_version ("\0\3\xab\x36\x47\x23", 6, &version, &error));
  cr_expect_eq (version, VTPM_TPM_2_0);
  assert_success (get_version ("\0\4\xab\x36\x47\x23more", 10, &version, &error));
  cr_expect_eq (version, VTPM_TPM_2_0);
  assert_success (get_version ("\0\1\0\x22", 4, &version, &error));
  cr_expect_eq (version, VTPM_TPM_1_2);
}

Test (permanent_state, is_not_anything)
{
  enum vtpm_tpm_version version;

  expect_error (get_version ("", 0, &version, &error), EILSEQ,
                "F does not hold a TPM's permanent state");
  expect_error (get_version ("\0\3\xab\x36\x47", 5, &version, &error), EILSEQ, "F does not");
  expect_error (get_version ("\0\3\xab\x36\x47\x22", 6, &version, &error), EILSEQ, "F does not");
  expect_error (get_version ("\0\1\0", 3, &version, &error), EILSEQ, "F does not");
  expect_error (get_version ("\0\2\0\x22 and more", 13, &version, &error), EILSEQ, "F does not");
}
