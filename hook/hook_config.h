/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOOK_CONFIG_H
#define OCI_VTPM_HOOK_CONFIG_H

/* The administrator's settings, /etc/oci-vtpm/config.json.  An absent file
   means the defaults; an unknown key, a wrong type or a value out of range is
   an error, so that a typing mistake is not taken for a setting.  */

#include <stdbool.h>

#include "error.h"
#include "log.h"

struct vtpm_hook_config
{
  char driver[16];            /* "driver": "auto" */
  bool load_module;           /* "loadModule": true; may run modprobe */
  unsigned int start_timeout; /* "startTimeoutSeconds": 30; 1 to 3600 */
  unsigned int stop_timeout;  /* "stopTimeoutSeconds": 10; 1 to 3600 */
  enum vtpm_log_level log_level; /* "logLevel": "info" */
};

int vtpm_hook_config_load (const char *path, struct vtpm_hook_config *config,
                           struct vtpm_error **error);

#endif
