/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOST_KEY_FIXTURE_H
#define OCI_VTPM_HOST_KEY_FIXTURE_H

/* Host keys in a test's temporary directory.  */

#include <stdlib.h>
#include <sys/stat.h>

#include "expect_error.h"
#include "host_config.h"
#include "host_key.h"
#include "temp_dir.h"

/* A key of all bytes BYTE.  */
static inline void
write_host_key (const char *name, uint8_t byte)
{
  uint8_t key[VTPM_HOST_KEY_SIZE];

  memset (key, byte, sizeof (key));
  write_temp_file (name, key, sizeof (key));
}

/* Makes the directory that of a host: with instances/local/, but no instance, and
   host.key to be the host's key.  */
static inline void
make_keyed_host (struct vtpm_host_config *config)
{
  make_temp_dir ();
  snprintf (config->state_dir, sizeof (config->state_dir), "%s", temp_dir);
  strcpy (config->host_key_source, "file");
  snprintf (config->host_key_location, sizeof (config->host_key_location), "%s/host.key",
            temp_dir);
  cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
}

/* Each key that is no key is an error of FETCH, with or without instances.  Changes
   CONFIG.  */
static inline void
expect_bad_keys_refused (struct vtpm_host_config *config,
                         int (*fetch) (const struct vtpm_host_config *config,
                                       struct vtpm_error **error))
{
  write_temp_file ("host.key", "short", 5);
  expect_error (fetch (config, &error), EINVAL, "/host.key has 5 bytes");
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  expect_error (fetch (config, &error), EINVAL, "/host.key has 5 bytes");
  strcpy (config->host_key_source, "credential");
  strcpy (config->host_key_location, "nosuch");
  unsetenv ("CREDENTIALS_DIRECTORY");
  expect_error (fetch (config, &error), ENOENT, "no credential nosuch");
  strcpy (config->host_key_source, "drawer");
  expect_error (fetch (config, &error), EINVAL,
                "this build has no source \"drawer\" of host keys");
}

#endif
