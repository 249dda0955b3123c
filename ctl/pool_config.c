/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pool_config.h"

#include <fcntl.h>
#include <string.h>

#include "json.h"
#include "manufacture_spec.h"
#include "names.h"

#define CONFIG_MAX ((size_t) 1 << 20)

static const char what[] = "\"pool\"";

static int
check_keys (json_object *wish, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  json_object_object_foreach (wish, key, value)
  {
    (void) value;
    if (strcmp (key, "ek") != 0 && strcmp (key, "pcrBanks") != 0 && strcmp (key, "count") != 0)
      return vtpm_error_set_plain (error, EINVAL, "%s: unknown key \"%s\"", what,
                                   vtpm_name_quote (key, quoted, sizeof (quoted)));
  }
  return 0;
}

static int
parse (json_object *object, struct vtpm_pool_wish *wish, struct vtpm_error **error)
{
  const char *eks = "none", *banks = NULL;
  int64_t count;

  if (!json_object_is_type (object, json_type_object))
    return vtpm_error_set_plain (error, EINVAL, "%s has something else than objects in it", what);
  if (check_keys (object, error) < 0
      || vtpm_json_get_string (object, what, "ek", false, &eks, error) < 0
      || vtpm_json_get_string (object, what, "pcrBanks", false, &banks, error) < 0
      || vtpm_json_get_integer (object, what, "count", true, 1, VTPM_POOL_COUNT_MAX, &count, error)
             < 0)
    return -1;
  if (vtpm_key_types_parse (eks, &wish->kind.eks, error) < 0)
    return vtpm_error_wrap (error, "%s: \"ek\"", what);
  if (banks != NULL && vtpm_pcr_banks_parse (banks, &wish->kind.pcr_banks, error) < 0)
    return vtpm_error_wrap (error, "%s: \"pcrBanks\"", what);
  if (wish->kind.eks == 0 && wish->kind.pcr_banks == 0)
    return vtpm_error_set_plain (error, EINVAL, "%s: \"ek\" or \"pcrBanks\" is missing", what);
  wish->count = (unsigned int) count;
  return 0;
}

static int
parse_all (json_object *array, const struct vtpm_host_config *host,
           struct vtpm_pool_config *config, struct vtpm_error **error)
{
  size_t count = json_object_array_length (array);

  config->wishes = calloc (count + 1, sizeof (*config->wishes));
  if (config->wishes == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", what);
  for (size_t i = 0; i < count; i++)
    {
      struct vtpm_pool_wish *wish = &config->wishes[i];

      wish->kind.authority = host->authority;
      if (parse (json_object_array_get_idx (array, i), wish, error) < 0)
        return -1;
      for (size_t earlier = 0; earlier < i; earlier++)
        if (vtpm_pool_kind_equal (&config->wishes[earlier].kind, &wish->kind))
          return vtpm_error_set_plain (error, EINVAL, "%s has the same kind of TPM twice", what);
      config->count++;
    }
  return 0;
}

int
vtpm_pool_config_load (const char *path, const struct vtpm_host_config *host,
                       struct vtpm_pool_config *config, struct vtpm_error **error)
{
  _cleanup_json_ json_object *file = NULL;
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);
  json_object *array;

  *config = (struct vtpm_pool_config) { 0 };
  if (fd < 0)
    return errno == ENOENT ? 0 : vtpm_error_set (error, errno, "cannot open %s", path);
  if (vtpm_json_read_fd (fd, CONFIG_MAX, path, &file, error) < 0)
    return -1;
  if (!json_object_object_get_ex (file, "pool", &array))
    return 0;
  if (!json_object_is_type (array, json_type_array))
    return vtpm_error_set_plain (error, EINVAL, "%s: %s is not an array", path, what);
  if (parse_all (array, host, config, error) == 0)
    return 0;
  vtpm_pool_config_clear (config);
  return vtpm_error_wrap (error, "%s", path);
}

void
vtpm_pool_config_clear (struct vtpm_pool_config *config)
{
  free (config->wishes);
  *config = (struct vtpm_pool_config) { 0 };
}
