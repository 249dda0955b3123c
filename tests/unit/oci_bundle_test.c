/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "oci_bundle.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (oci_bundle, .init = make_temp_dir, .fini = remove_temp_dir);

static char *
rootfs_of (const char *config)
{
  char *rootfs = NULL;

  write_temp_file ("config.json", config, strlen (config));
  assert_success (vtpm_oci_bundle_rootfs (temp_dir, &rootfs, &error));
  return rootfs;
}

Test (oci_bundle, has_an_absolute_root)
{
  _cleanup_free_ char *rootfs = rootfs_of ("{\"root\":{\"path\":\"/a/b\",\"readonly\":true}}");

  cr_expect_str_eq (rootfs, "/a/b");
}

Test (oci_bundle, has_a_root_below_itself)
{
  _cleanup_free_ char *rootfs
      = rootfs_of ("{\"ociVersion\":\"1.0\",\"root\":{\"path\":\"rootfs\"}}");

  cr_expect_str_eq (rootfs, temp_path ("rootfs"));
}

Test (oci_bundle, says_what_is_wrong)
{
  static const struct
  {
    const char *config;
    int errnum;
    const char *message;
  } cases[] = {
    { "", EINVAL, "/config.json is empty" },
    { "{", EINVAL, "/config.json: line 1, column 2: the text ends too early" },
    { "[]", EINVAL, "/config.json: not a JSON object" },
    { "{}", ENOENT, "/config.json: \"root\" is missing" },
    { "{\"root\":null}", EINVAL, "/config.json: \"root\" is of type null" },
    { "{\"root\":\"/\"}", EINVAL, "/config.json: \"root\" is of type string" },
    { "{\"root\":{}}", ENOENT, "/config.json: \"path\" is missing" },
    { "{\"root\":{\"path\":5}}", EINVAL, "/config.json: \"path\" is of type int" },
    { "{\"root\":{\"path\":\"/a\\u0000b\"}}", EINVAL, "\"path\" contains a NUL byte" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      char *rootfs = NULL;

      write_temp_file ("config.json", cases[i].config, strlen (cases[i].config));
      expect_error (vtpm_oci_bundle_rootfs (temp_dir, &rootfs, &error), cases[i].errnum,
                    cases[i].message);
      cr_expect_null (rootfs);
    }
}

Test (oci_bundle, has_a_config)
{
  char *rootfs = NULL;

  expect_error (vtpm_oci_bundle_rootfs (temp_dir, &rootfs, &error), ENOENT, "/config.json");
  expect_error (vtpm_oci_bundle_rootfs ("/nonexistent", &rootfs, &error), ENOENT,
                "cannot open the bundle's /nonexistent/config.json");
  cr_assert_eq (mkdir (temp_path ("config.json"), 0700), 0);
  expect_error (vtpm_oci_bundle_rootfs (temp_dir, &rootfs, &error), EISDIR, "cannot read");
}

Test (oci_bundle, has_no_huge_config)
{
  char *rootfs = NULL;

  write_temp_file ("config.json", "{}", 2);
  cr_assert_eq (truncate (temp_path ("config.json"), ((off_t) 8 << 20) + 1), 0);
  expect_error (vtpm_oci_bundle_rootfs (temp_dir, &rootfs, &error), EFBIG,
                "/config.json is larger than 8388608 bytes");
}
