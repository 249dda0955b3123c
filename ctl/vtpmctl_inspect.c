/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>
#include <string.h>

#include "instance_id.h"
#include "names.h"
#include "overview.h"
#include "vtpm_info.h"
#include "vtpmctl.h"

static bool
is (json_object *description, const char *key, const char *wanted)
{
  json_object *value = json_object_object_get (description, key);

  return value != NULL && strcmp (json_object_get_string (value), wanted) == 0;
}

static json_object *
find (json_object *descriptions, const char *key, const char *wanted)
{
  for (size_t i = 0; i < json_object_array_length (descriptions); i++)
    {
      json_object *description = json_object_array_get_idx (descriptions, i);

      if (is (description, key, wanted))
        return description;
    }
  return NULL;
}

/* A whole id, an instance, a stopped container's id, the beginning of an id, in this
   order: some container's id may begin with the name of an instance.  */
static int
choose (json_object *descriptions, const char *run_dir, const char *word, json_object **chosen,
        struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_free_ char *id = NULL;
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];
  char quoted[VTPM_NAME_QUOTED_SIZE];
  struct vtpm_instance_id parsed;

  *chosen = find (descriptions, "containerId", word);
  if (*chosen == NULL && vtpm_instance_id_parse (word, &parsed, NULL) == 0)
    *chosen = find (descriptions, "instance", vtpm_instance_id_format (&parsed, instance));
  if (*chosen == NULL && vtpm_instance_id_of_container (word, &parsed, NULL) == 0)
    *chosen = find (descriptions, "instance", vtpm_instance_id_format (&parsed, instance));
  if (*chosen == NULL && vtpm_info_find (run_dir, word, &id, &problem) == 0)
    *chosen = find (descriptions, "containerId", id);
  if (*chosen != NULL)
    return 0;
  if (problem != NULL && vtpm_error_errnum (problem) != ENOENT)
    return vtpm_error_pass (error, &problem);
  return vtpm_error_set_plain (error, ENOENT,
                               "no vTPM of a container \"%s\", and no instance of that name",
                               vtpm_name_quote (word, quoted, sizeof (quoted)));
}

int
vtpmctl_inspect (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                 struct vtpm_error **error)
{
  _cleanup_json_ json_object *descriptions = NULL;
  json_object *chosen;

  if (vtpm_overview_get (host, &descriptions, error) < 0
      || choose (descriptions, host->run_dir, options->arguments[0], &chosen, error) < 0)
    return -1;
  puts (json_object_to_json_string_ext (chosen, JSON_C_TO_STRING_PRETTY
                                                    | JSON_C_TO_STRING_NOSLASHESCAPE));
  return 0;
}
