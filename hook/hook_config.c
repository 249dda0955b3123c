/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_config.h"

#include <fcntl.h>
#include <string.h>

#include "driver.h"
#include "json.h"
#include "names.h"

#define CONFIG_MAX ((size_t) 1 << 20)
#define TIMEOUT_MAX 3600
#define QUOTED_SIZE 80

static int
take_driver (json_object *file, const char *path, const char *key, struct vtpm_hook_config *config,
             struct vtpm_error **error)
{
  char quoted[QUOTED_SIZE];
  const char *name;

  if (vtpm_json_get_string (file, path, key, true, &name, error) < 0)
    return -1;
  if (!vtpm_driver_exists (name) || strlen (name) >= sizeof (config->driver))
    return vtpm_error_set_plain (error, EINVAL, "%s: \"%s\": no driver \"%s\" in this build", path,
                                 key, vtpm_name_quote (name, quoted, sizeof (quoted)));
  strcpy (config->driver, name);
  return 0;
}

static int
take_load_module (json_object *file, const char *path, const char *key,
                  struct vtpm_hook_config *config, struct vtpm_error **error)
{
  return vtpm_json_get_boolean (file, path, key, true, &config->load_module, error);
}

static int
take_seconds (json_object *file, const char *path, const char *key, unsigned int *seconds,
              struct vtpm_error **error)
{
  int64_t value;

  if (vtpm_json_get_integer (file, path, key, true, 1, TIMEOUT_MAX, &value, error) < 0)
    return -1;
  *seconds = (unsigned int) value;
  return 0;
}

static int
take_start_timeout (json_object *file, const char *path, const char *key,
                    struct vtpm_hook_config *config, struct vtpm_error **error)
{
  return take_seconds (file, path, key, &config->start_timeout, error);
}

static int
take_stop_timeout (json_object *file, const char *path, const char *key,
                   struct vtpm_hook_config *config, struct vtpm_error **error)
{
  return take_seconds (file, path, key, &config->stop_timeout, error);
}

static int
take_log_level (json_object *file, const char *path, const char *key,
                struct vtpm_hook_config *config, struct vtpm_error **error)
{
  char quoted[QUOTED_SIZE];
  const char *name;

  if (vtpm_json_get_string (file, path, key, true, &name, error) < 0)
    return -1;
  if (vtpm_log_level_from_name (name, &config->log_level) < 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "%s: \"%s\": \"%s\" is not error, warning, info or debug", path,
                                 key, vtpm_name_quote (name, quoted, sizeof (quoted)));
  return 0;
}

static const struct
{
  const char *key;
  int (*take) (json_object *file, const char *path, const char *key,
               struct vtpm_hook_config *config, struct vtpm_error **error);
} known[] = {
  { "driver", take_driver },
  { "loadModule", take_load_module },
  { "startTimeoutSeconds", take_start_timeout },
  { "stopTimeoutSeconds", take_stop_timeout },
  { "logLevel", take_log_level },
};

static int
take_key (json_object *file, const char *path, const char *key, struct vtpm_hook_config *config,
          struct vtpm_error **error)
{
  char quoted[QUOTED_SIZE];

  for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++)
    if (strcmp (known[i].key, key) == 0)
      return known[i].take (file, path, key, config, error);
  return vtpm_error_set_plain (error, EINVAL, "%s: unknown key \"%s\"", path,
                               vtpm_name_quote (key, quoted, sizeof (quoted)));
}

int
vtpm_hook_config_load (const char *path, struct vtpm_hook_config *config,
                       struct vtpm_error **error)
{
  _cleanup_json_ json_object *file = NULL;
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);

  *config = (struct vtpm_hook_config) {
    .driver = "auto",
    .load_module = true,
    .start_timeout = 30,
    .stop_timeout = 10,
    .log_level = VTPM_LOG_INFO,
  };
  if (fd < 0 && errno == ENOENT)
    return 0;
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (vtpm_json_read_fd (fd, CONFIG_MAX, path, &file, error) < 0)
    return -1;
  json_object_object_foreach (file, key, value)
  {
    (void) value;
    if (take_key (file, path, key, config, error) < 0)
      return -1;
  }
  return 0;
}
