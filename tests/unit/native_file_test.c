/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "native_file.h"

#include "expect_error.h"

static const struct vtpm_host_keys one = { 1, { "one" } };
static const struct vtpm_host_keys other = { 1, { "other" } };
static const struct vtpm_host_keys both = { 2, { "other", "one" } };
static const struct vtpm_host_keys neither = { 2, { "other", "another" } };

static struct vtpm_secret_bytes
make (void)
{
  const struct vtpm_state_header header
      = { .uuid = "sixteen letters", .generation = 5, .id = { "local", "web" } };
  const struct vtpm_secret_bytes permanent = { (uint8_t *) "state", 5 };
  struct vtpm_secret_bytes file = { 0 };

  assert_success (
      vtpm_native_file_make (&header, one.key[0], VTPM_TPM_1_2, &permanent, &file, &error));
  return file;
}

Test (native_file, opens_under_any_of_its_keys)
{
  const struct vtpm_host_keys *const keys[] = { &one, &both };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes file = make ();

  cr_expect (vtpm_native_file_looks_like_one (file.data, file.size));
  for (size_t i = 0; i < 2; i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
      enum vtpm_tpm_version version;

      assert_success (
          vtpm_native_file_open (&file, "F", keys[i], &version, &permanent, &error));
      cr_expect_eq (version, VTPM_TPM_1_2);
      cr_expect_eq (permanent.size, 5);
      cr_expect_arr_eq (permanent.data, "state", 5);
    }
}

Test (native_file, opens_under_no_other_key)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes file = make ();
  struct vtpm_secret_bytes permanent = { 0 };
  enum vtpm_tpm_version version;

  expect_error (vtpm_native_file_open (&file, "F", &other, &version, &permanent, &error),
                VTPM_STATE_WRONG_KEY, "F");
  expect_error (vtpm_native_file_open (&file, "F", &neither, &version, &permanent, &error),
                VTPM_STATE_WRONG_KEY, "F");
  file.data[file.size - 40] ^= 1;
  expect_error (vtpm_native_file_open (&file, "F", &one, &version, &permanent, &error),
                VTPM_STATE_DAMAGED, "F");
  cr_expect_null (permanent.data);
}

Test (native_file, looks_like_none)
{
  static const char *const files[] = { "", "OCI-vTP", "oci-vTPM", "\2\1\0\12" };

  for (size_t i = 0; i < sizeof (files) / sizeof (files[0]); i++)
    cr_expect (!vtpm_native_file_looks_like_one ((const uint8_t *) files[i], strlen (files[i])));
}
