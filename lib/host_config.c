/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_config.h"

#include <fcntl.h>
#include <string.h>

#include "json.h"
#include "names.h"

#define CONFIG_MAX ((size_t) 1 << 20)
#define TIMEOUT_MAX 3600
#define RETENTION_MAX 3650
#define RESTARTS_MAX 1000000

/* Copies VALUE into a member of the configuration.  */
static int
keep_text (const char *value, const char *path, const char *key, char *member, size_t size,
           struct vtpm_error **error)
{
  if (strlen (value) >= size)
    return vtpm_error_set_plain (error, ENAMETOOLONG, "%s: \"%s\" is longer than %zu bytes", path,
                                 key, size - 1);
  strcpy (member, value);
  return 0;
}

static int
keep_absolute_path (const char *value, const char *path, const char *key, char *member, size_t size,
                    struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (value[0] != '/')
    return vtpm_error_set_plain (error, EINVAL, "%s: \"%s\": \"%s\" is not an absolute path", path,
                                 key, vtpm_name_quote (value, quoted, sizeof (quoted)));
  return keep_text (value, path, key, member, size, error);
}

static int
take_driver (json_object *file, const char *path, const char *key, struct vtpm_host_config *config,
             struct vtpm_error **error)
{
  const char *name;

  if (vtpm_json_get_string (file, path, key, true, &name, error) < 0)
    return -1;
  return keep_text (name, path, key, config->driver, sizeof (config->driver), error);
}

static int
take_load_module (json_object *file, const char *path, const char *key,
                  struct vtpm_host_config *config, struct vtpm_error **error)
{
  return vtpm_json_get_boolean (file, path, key, true, &config->load_module, error);
}

static int
take_number (json_object *file, const char *path, const char *key, unsigned int minimum,
             unsigned int maximum, unsigned int *number, struct vtpm_error **error)
{
  int64_t value;

  if (vtpm_json_get_integer (file, path, key, true, minimum, maximum, &value, error) < 0)
    return -1;
  *number = (unsigned int) value;
  return 0;
}

static int
take_start_timeout (json_object *file, const char *path, const char *key,
                    struct vtpm_host_config *config, struct vtpm_error **error)
{
  return take_number (file, path, key, 1, TIMEOUT_MAX, &config->start_timeout, error);
}

static int
take_stop_timeout (json_object *file, const char *path, const char *key,
                   struct vtpm_host_config *config, struct vtpm_error **error)
{
  return take_number (file, path, key, 1, TIMEOUT_MAX, &config->stop_timeout, error);
}

static int
take_retention_days (json_object *file, const char *path, const char *key,
                     struct vtpm_host_config *config, struct vtpm_error **error)
{
  return take_number (file, path, key, 0, RETENTION_MAX, &config->retention_days, error);
}

static int
take_restarts_per_minute (json_object *file, const char *path, const char *key,
                          struct vtpm_host_config *config, struct vtpm_error **error)
{
  return take_number (file, path, key, 1, RESTARTS_MAX, &config->restarts_per_minute, error);
}

static int
take_log_level (json_object *file, const char *path, const char *key,
                struct vtpm_host_config *config, struct vtpm_error **error)
{
  const char *name;

  if (vtpm_json_get_string (file, path, key, true, &name, error) < 0)
    return -1;
  if (vtpm_log_level_from_name (name, &config->log_level, error) < 0)
    return vtpm_error_wrap (error, "%s: \"%s\"", path, key);
  return 0;
}

static int
take_state_dir (json_object *file, const char *path, const char *key,
                struct vtpm_host_config *config, struct vtpm_error **error)
{
  const char *dir;

  if (vtpm_json_get_string (file, path, key, true, &dir, error) < 0)
    return -1;
  return keep_absolute_path (dir, path, key, config->state_dir, sizeof (config->state_dir), error);
}

/* A credential is a file in the service manager's directory, and no other.  */
static int
keep_credential_name (const char *value, const char *path, const char *key, char *member,
                      size_t size, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (value[0] == '\0' || value[0] == '.' || strchr (value, '/') != NULL)
    return vtpm_error_set_plain (error, EINVAL, "%s: \"%s\": \"%s\" is not a credential's name",
                                 path, key, vtpm_name_quote (value, quoted, sizeof (quoted)));
  return keep_text (value, path, key, member, size, error);
}

static const struct
{
  const char *name; /* both the key in "hostKey" and the source's name in host_key.h */
  int (*keep_location) (const char *value, const char *path, const char *key, char *member,
                        size_t size, struct vtpm_error **error);
} key_sources[] = {
  { "file", keep_absolute_path },
  { "credential", keep_credential_name },
};

static int
take_key_source (json_object *source, const char *what, const char *key,
                 struct vtpm_host_config *config, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  const char *location;

  for (size_t i = 0; i < sizeof (key_sources) / sizeof (key_sources[0]); i++)
    {
      if (strcmp (key_sources[i].name, key) != 0)
        continue;
      strcpy (config->host_key_source, key);
      if (vtpm_json_get_string (source, what, key, true, &location, error) < 0)
        return -1;
      return key_sources[i].keep_location (location, what, key, config->host_key_location,
                                           VTPM_CONFIG_PATH_SIZE, error);
    }
  return vtpm_error_set_plain (error, EINVAL, "%s: unknown key \"%s\"", what,
                               vtpm_name_quote (key, quoted, sizeof (quoted)));
}

static int
take_host_key (json_object *file, const char *path, const char *key,
               struct vtpm_host_config *config, struct vtpm_error **error)
{
  json_object *source;

  if (vtpm_json_get_object (file, path, key, true, &source, error) < 0)
    return -1;
  json_object_object_foreach (source, name, value)
  {
    (void) value;
    if (take_key_source (source, "\"hostKey\"", name, config, error) < 0)
      return vtpm_error_wrap (error, "%s", path);
  }
  if (json_object_object_length (source) != 1)
    return vtpm_error_set_plain (error, EINVAL,
                                 "%s: \"%s\" has to have one of \"file\" and \"credential\"", path,
                                 key);
  return 0;
}

/* Only to tell texts apart that nobody chooses to be alike: FNV-1a.  */
static uint32_t
hash (const char *text)
{
  uint32_t value = 2166136261u;

  for (; *text != '\0'; text++)
    value = (value ^ (uint8_t) *text) * 16777619u;
  return value;
}

/* Its content is the authority's business (ca_config.h).  */
static int
take_ca (json_object *file, const char *path, const char *key, struct vtpm_host_config *config,
         struct vtpm_error **error)
{
  json_object *ca;

  if (vtpm_json_get_object (file, path, key, true, &ca, error) < 0)
    return -1;
  config->authority = hash (json_object_to_json_string_ext (ca, JSON_C_TO_STRING_PLAIN));
  return 0;
}

/* Likewise (pool_config.h).  */
static int
take_pool (json_object *file, const char *path, const char *key, struct vtpm_host_config *config,
           struct vtpm_error **error)
{
  (void) config;
  return json_object_is_type (json_object_object_get (file, key), json_type_array)
             ? 0
             : vtpm_error_set_plain (error, EINVAL, "%s: \"%s\" is not an array", path, key);
}

static const struct
{
  const char *key;
  int (*take) (json_object *file, const char *path, const char *key,
               struct vtpm_host_config *config, struct vtpm_error **error);
} known[] = {
  { "driver", take_driver },
  { "loadModule", take_load_module },
  { "startTimeoutSeconds", take_start_timeout },
  { "stopTimeoutSeconds", take_stop_timeout },
  { "logLevel", take_log_level },
  { "stateDir", take_state_dir },
  { "hostKey", take_host_key },
  { "retentionDays", take_retention_days },
  { "restartsPerMinute", take_restarts_per_minute },
  { "ca", take_ca },
  { "pool", take_pool },
};

static int
take_key (json_object *file, const char *path, const char *key, struct vtpm_host_config *config,
          struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++)
    if (strcmp (known[i].key, key) == 0)
      return known[i].take (file, path, key, config, error);
  return vtpm_error_set_plain (error, EINVAL, "%s: unknown key \"%s\"", path,
                               vtpm_name_quote (key, quoted, sizeof (quoted)));
}

static int
take_all (json_object *file, const char *path, struct vtpm_host_config *config,
          struct vtpm_error **error)
{
  json_object_object_foreach (file, key, value)
  {
    (void) value;
    if (take_key (file, path, key, config, error) < 0)
      return -1;
  }
  return 0;
}

/* Beside the state that it protects, wherever that is.  */
static void
use_default_host_key (struct vtpm_host_config *config)
{
  strcpy (config->host_key_source, "file");
  snprintf (config->host_key_location, sizeof (config->host_key_location),
            "%s/" VTPM_HOST_KEY_FILE, config->state_dir);
}

int
vtpm_host_config_load (const char *path, struct vtpm_host_config *config,
                       struct vtpm_error **error)
{
  _cleanup_json_ json_object *file = NULL;
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);

  *config = (struct vtpm_host_config) {
    .driver = "auto",
    .load_module = true,
    .start_timeout = 30,
    .stop_timeout = 10,
    .log_level = VTPM_LOG_INFO,
    .state_dir = VTPM_STATE_DIR,
    .retention_days = 7,
    .restarts_per_minute = 30,
  };
  if (fd < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (fd >= 0
      && (vtpm_json_read_fd (fd, CONFIG_MAX, path, &file, error) < 0
          || take_all (file, path, config, error) < 0))
    return -1;
  if (config->host_key_source[0] == '\0')
    use_default_host_key (config);
  return 0;
}
