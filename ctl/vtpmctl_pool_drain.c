/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "pool_work.h"
#include "vtpmctl.h"

int
vtpmctl_pool_drain (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                    struct vtpm_error **error)
{
  struct vtpm_host_config config;
  unsigned int count;

  (void) options;
  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_pool_remove (config.state_dir, NULL, &count, error) < 0)
    return -1;
  printf ("%u removed\n", count);
  return 0;
}
