/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_config.h"

#include <fcntl.h>
#include <string.h>

#include "binding.h"
#include "ca_token.h"
#include "json.h"
#include "names.h"

#define CONFIG_MAX ((size_t) 1 << 20)
#define VALIDITY_MAX 36500
#define TIMEOUT_MAX 3600

/* As in messages.  */
static const char ca_name[] = "\"ca\"";
static const char issuer_name[] = "\"ca\": \"issuer\"";

static int
refuse_key (const char *what, const char *key, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  return vtpm_error_set_plain (error, EINVAL, "%s: unknown key \"%s\"", what,
                               vtpm_name_quote (key, quoted, sizeof (quoted)));
}

static int
get_path (json_object *object, const char *what, const char *key, const char **path,
          struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (vtpm_json_get_string (object, what, key, true, path, error) < 0)
    return -1;
  if ((*path)[0] != '/' || strlen (*path) >= VTPM_CONFIG_PATH_SIZE)
    return vtpm_error_set_plain (error, EINVAL,
                                 "%s: \"%s\": \"%s\" is not an absolute path of less than %d bytes",
                                 what, key, vtpm_name_quote (*path, quoted, sizeof (quoted)),
                                 VTPM_CONFIG_PATH_SIZE);
  return 0;
}

static int
get_number (json_object *object, const char *key, int64_t minimum, int64_t maximum,
            unsigned int *number, struct vtpm_error **error)
{
  int64_t value;

  if (vtpm_json_get_integer (object, ca_name, key, true, minimum, maximum, &value, error) < 0)
    return -1;
  *number = (unsigned int) value;
  return 0;
}

static int
take_command (json_object *issuer, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  json_object *array = json_object_object_get (issuer, "command");
  size_t count = json_object_is_type (array, json_type_array) ? json_object_array_length (array) : 0;

  config->command = calloc (count + 1, sizeof (*config->command));
  if (config->command == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", issuer_name);
  for (size_t i = 0; i < count; i++)
    {
      json_object *word = json_object_array_get_idx (array, i);

      config->command[i] = json_object_get_string (word);
      if (!json_object_is_type (word, json_type_string)
          || strlen (config->command[i]) != (size_t) json_object_get_string_len (word))
        count = 0;
    }
  if (count == 0 || config->command[0][0] != '/')
    return vtpm_error_set_plain (error, EINVAL,
                                 "%s: \"command\" is not an array of strings, the first one an "
                                 "absolute path",
                                 issuer_name);
  return 0;
}

static int
take_key (json_object *issuer, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  const char *key;

  if (vtpm_json_get_string (issuer, issuer_name, "key", true, &key, error) < 0)
    return -1;
  config->place.key = key;
  return strncmp (key, VTPM_CA_PKCS11_PREFIX, strlen (VTPM_CA_PKCS11_PREFIX)) == 0
             ? 0
             : get_path (issuer, issuer_name, "key", &config->place.key, error);
}

static int
take_issuer (json_object *ca, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  json_object *issuer;

  if (vtpm_json_get_object (ca, ca_name, "issuer", true, &issuer, error) < 0)
    return -1;
  json_object_object_foreach (issuer, key, value)
  {
    (void) value;
    if (strcmp (key, "certificate") != 0 && strcmp (key, "key") != 0 && strcmp (key, "command") != 0)
      return refuse_key (issuer_name, key, error);
  }
  if (get_path (issuer, issuer_name, "certificate", &config->place.certificate, error) < 0)
    return -1;
  if (json_object_object_length (issuer) != 2)
    return vtpm_error_set_plain (error, EINVAL, "%s has to have one of \"key\" and \"command\"",
                                 issuer_name);
  return json_object_object_get_ex (issuer, "command", NULL)
             ? take_command (issuer, config, error)
             : take_key (issuer, config, error);
}

static int
take_template (json_object *ca, const char *key, const char **template, struct vtpm_error **error)
{
  if (vtpm_json_get_string (ca, ca_name, key, true, template, error) < 0)
    return -1;
  if (vtpm_binding_check (*template, error) < 0)
    return vtpm_error_wrap (error, "%s: \"%s\"", ca_name, key);
  return 0;
}

static int
take (json_object *ca, const char *key, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  struct vtpm_certificate_policy *policy = &config->policy;

  if (strcmp (key, "dir") == 0)
    return get_path (ca, ca_name, key, &config->place.dir, error);
  if (strcmp (key, "issuer") == 0)
    return take_issuer (ca, config, error);
  if (strcmp (key, "validityDays") == 0)
    return get_number (ca, key, 0, VALIDITY_MAX, &policy->validity_days, error);
  if (strcmp (key, "timeoutSeconds") == 0)
    return get_number (ca, key, 1, TIMEOUT_MAX, &config->timeout, error);
  if (strcmp (key, "subject") == 0)
    return take_template (ca, key, &policy->subject, error);
  if (strcmp (key, "uri") == 0)
    return take_template (ca, key, &policy->uri, error);
  if (strcmp (key, "issuerUrl") == 0)
    return vtpm_json_get_string (ca, ca_name, key, true, &policy->issuer_url, error);
  if (strcmp (key, "ocspUrl") == 0)
    return vtpm_json_get_string (ca, ca_name, key, true, &policy->ocsp_url, error);
  if (strcmp (key, "crlUrl") == 0)
    return vtpm_json_get_string (ca, ca_name, key, true, &policy->crl_url, error);
  return refuse_key (ca_name, key, error);
}

static int
take_all (json_object *file, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  json_object *ca = NULL;

  if (vtpm_json_get_object (file, "", "ca", false, &ca, error) < 0)
    return -1;
  if (ca == NULL)
    return 0;
  json_object_object_foreach (ca, key, value)
  {
    (void) value;
    if (take (ca, key, config, error) < 0)
      return -1;
  }
  return 0;
}

static int
read_file (const char *path, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return errno == ENOENT ? 0 : vtpm_error_set (error, errno, "cannot open %s", path);
  if (vtpm_json_read_fd (fd, CONFIG_MAX, path, &config->file, error) < 0)
    return -1;
  if (take_all (config->file, config, error) < 0)
    return vtpm_error_wrap (error, "%s", path);
  return 0;
}

int
vtpm_ca_config_load (const char *path, struct vtpm_ca_config *config, struct vtpm_error **error)
{
  struct vtpm_host_config host;

  *config = (struct vtpm_ca_config) { .policy.validity_days = 3650, .timeout = 10 };
  if (vtpm_host_config_load (path, &host, error) < 0)
    return -1;
  snprintf (config->dir, sizeof (config->dir), "%s/ca", host.state_dir);
  config->place.dir = config->dir;
  if (read_file (path, config, error) == 0)
    return 0;
  vtpm_ca_config_clear (config);
  return -1;
}

void
vtpm_ca_config_clear (struct vtpm_ca_config *config)
{
  free (config->command);
  json_object_put (config->file);
  *config = (struct vtpm_ca_config) { 0 };
}
