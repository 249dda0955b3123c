/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "overview.h"

#include "host_config.h"
#include "kept_info.h"
#include "vtpm_info.h"

int
vtpm_overview_get (const struct vtpmctl_host *host, json_object **descriptions,
                   struct vtpm_error **error)
{
  _cleanup_store_list_ struct vtpm_store_list instances = { 0 };
  _cleanup_info_list_ struct vtpm_info_list vtpms = { 0 };
  _cleanup_json_ json_object *array = json_object_new_array ();
  struct vtpm_host_config config;

  /* The running ones first: supervisors answer only root, and their own user where
     it has not been root before.  */
  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_info_list_ids (host->run_dir, &vtpms, error) < 0
      || vtpm_info_get_all (host->run_dir, &vtpms, array, error) < 0
      || vtpm_kept_info_list (config.state_dir, &instances, error) < 0
      || vtpm_kept_info_merge (array, &instances, error) < 0)
    return -1;
  *descriptions = vtpm_steal_pointer (&array);
  return 0;
}
