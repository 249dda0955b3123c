/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <sys/stat.h>

#include "base_dirs.h"
#include "host_key_access.h"
#include "log.h"
#include "privilege.h"
#include "store.h"
#include "store_user.h"
#include "transfer_source.h"
#include "vtpmctl.h"

/* The directories that a host's first container would make.  */
static int
make_directories (const char *state_dir, struct vtpm_error **error)
{
  _cleanup_free_ char *instances = NULL;
  struct vtpm_user user;
  struct stat status;

  if (asprintf (&instances, "%s/instances", state_dir) < 0)
    return vtpm_error_set (error, ENOMEM, "%s", state_dir);
  if (lstat (instances, &status) == 0)
    return 0;
  if (vtpm_user_find (VTPM_USER, &user, error) < 0)
    return -1;
  return vtpm_base_dirs_make_state (state_dir, &user, error);
}

static int
make_instance (const struct vtpm_store_settings *settings, enum vtpm_tpm_version version,
               const struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  _cleanup_store_ struct vtpm_store *store = NULL;
  const uint8_t *existing;
  size_t size;

  if (vtpm_store_open (settings, &store, error) < 0)
    return -1;
  vtpm_store_get_permanent (store, &existing, &size);
  if (existing != NULL)
    return vtpm_error_set_plain (error, EEXIST, "there is an instance %s/%s already",
                                 settings->id->scope, settings->id->name);
  if (vtpm_store_expect_version (store, version, error) < 0)
    return -1;
  return vtpm_store_commit (store, permanent->data, permanent->size, error);
}

int
vtpmctl_import (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error)
{
  _cleanup_transfer_source_ struct vtpm_transfer_source source = { 0 };
  _cleanup_transfer_secret_ struct vtpm_transfer_secret secret = { 0 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  _cleanup_close_ int hold_fd = -1;
  struct vtpm_host_config config;
  struct vtpm_instance_id id;
  const struct vtpm_store_settings settings = {
    .state_dir = config.state_dir,
    .id = &id,
    .keys = &keys,
    .holder = "vtpmctl import",
    .create = true,
  };
  enum vtpm_tpm_version version;

  if (vtpm_instance_id_parse (options->arguments[0], &id, error) < 0
      || vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_transfer_secret_read (options->key_file, options->password_file, &secret, error) < 0
      || vtpm_transfer_source_read (options->arguments[1], options->format, &source, error) < 0
      || make_directories (config.state_dir, error) < 0
      || vtpm_host_key_access (&config, &keys, &hold_fd, error) < 0
      || vtpm_store_user_become (config.state_dir, error) < 0)
    return -1;
  if (vtpm_transfer_source_open (&source, &secret, &keys, &version, &permanent, error) < 0
      || make_instance (&settings, version, &permanent, error) < 0)
    return -1;
  if (source.has_volatile)
    vtpm_log (VTPM_LOG_WARNING,
              "%s holds a TPM that was stopped in the middle: what it had not written for good, "
              "such as PCRs and sessions, has not moved",
              source.path);
  return 0;
}
