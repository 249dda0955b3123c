/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOST_CONFIG_H
#define OCI_VTPM_HOST_CONFIG_H

/* The administrator's settings, /etc/oci-vtpm/config.json.  An absent file
   means the defaults; an unknown key, a wrong type or a value out of range is
   an error, so that a typing mistake is not taken for a setting.  "ca" is an object
   that only ca_config.h looks into, "pool" an array that only pool_config.h does.  */

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "log.h"

/* Of a path in the file.  Instances' paths are longer, and must fit PATH_MAX.  */
#define VTPM_CONFIG_PATH_SIZE 1024

#define VTPM_HOST_KEY_FILE "host.key" /* below the state directory */

struct vtpm_host_config
{
  char driver[32];            /* "driver": "auto"; whether there is one is not checked */
  bool load_module;           /* "loadModule": true; may run modprobe */
  unsigned int start_timeout; /* "startTimeoutSeconds": 30; 1 to 3600 */
  unsigned int stop_timeout;  /* "stopTimeoutSeconds": 10; 1 to 3600 */
  enum vtpm_log_level log_level; /* "logLevel": "info" */

  char state_dir[VTPM_CONFIG_PATH_SIZE]; /* "stateDir": VTPM_STATE_DIR; an absolute path */
  unsigned int retention_days;           /* "retentionDays": 7; 0 to 3650 */
  unsigned int restarts_per_minute;      /* "restartsPerMinute": 30; 1 to 1000000 */

  uint32_t authority; /* another number for another "ca"; 0: there is none */

  /* "hostKey": {"file": an absolute path} or {"credential": a name}; by default
     the file host.key in the state directory.  See host_key.h.  */
  char host_key_source[16];
  char host_key_location[VTPM_CONFIG_PATH_SIZE + sizeof ("/" VTPM_HOST_KEY_FILE)];
};

int vtpm_host_config_load (const char *path, struct vtpm_host_config *config,
                           struct vtpm_error **error);

#endif
