/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_config.h"
#include "log.h"
#include "store.h"
#include "store_user.h"
#include "vtpmctl.h"

/* One that cannot be removed does not keep the others.  */
static size_t
remove_all (const char *state_dir, const struct vtpm_instance_id *ids, size_t count)
{
  size_t failed = 0;

  for (size_t i = 0; i < count; i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;

      if (vtpm_store_remove (state_dir, &ids[i], &problem) == 0)
        continue;
      vtpm_log (VTPM_LOG_ERROR, "%s", vtpm_error_message (problem));
      failed++;
    }
  return failed;
}

int
vtpmctl_rm (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
            struct vtpm_error **error)
{
  size_t count = options->argument_count;
  _cleanup_free_ struct vtpm_instance_id *ids = calloc (count, sizeof (*ids));
  struct vtpm_host_config config;
  size_t failed;

  if (ids == NULL)
    return vtpm_error_set (error, ENOMEM, "%zu instances", count);
  /* Nothing is removed while one of the names may be a typing mistake.  */
  for (size_t i = 0; i < count; i++)
    if (vtpm_instance_id_parse (options->arguments[i], &ids[i], error) < 0)
      return -1;
  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_store_user_become (config.state_dir, error) < 0)
    return -1;
  if (count == 1)
    return vtpm_store_remove (config.state_dir, ids, error);
  failed = remove_all (config.state_dir, ids, count);
  if (failed > 0)
    return vtpm_error_set_plain (error, EBUSY, "%zu of %zu instances are not removed", failed,
                                 count);
  return 0;
}
