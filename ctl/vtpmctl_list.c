/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>

#include "vtpm_info.h"
#include "vtpmctl.h"

static inline void
unref_table (struct libscols_table **table)
{
  scols_unref_table (*table);
}

#define _cleanup_table_ VTPM_CLEANUP (unref_table)

/* A column shows one string of a vTPM's description.  */
static const struct
{
  const char *title;
  const char *key;
  int flags;
} columns[] = {
  { "CONTAINER", "containerId", SCOLS_FL_TRUNC },
  { "STATE", "state", 0 },
  { "TPM", "tpmVersion", 0 },
  { "DRIVER", "driver", 0 },
  { "HOST DEVICE", "hostDevice", 0 },
  { "SUPERVISOR", "supervisorPid", SCOLS_FL_RIGHT },
  { "EMULATOR", "emulatorPid", SCOLS_FL_RIGHT },
};

#define COLUMN_COUNT (sizeof (columns) / sizeof (columns[0]))

/* All descriptions as a JSON array.  A vTPM that ends while we look is left
   out.  */
static int
describe_all (const struct vtpm_info_list *list, json_object *array, struct vtpm_error **error)
{
  for (size_t i = 0; i < list->count; i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;
      json_object *info = NULL;

      if (vtpm_info_get (VTPM_RUN_DIR, list->ids[i], &info, &problem) == 0)
        json_object_array_add (array, info);
      else if (vtpm_error_errnum (problem) != ENOENT)
        return vtpm_error_pass (error, &problem);
    }
  return 0;
}

static int
add_line (struct libscols_table *table, json_object *info)
{
  struct libscols_line *line = scols_table_new_line (table, NULL);

  if (line == NULL)
    return -1;
  for (size_t i = 0; i < COLUMN_COUNT; i++)
    {
      json_object *value = json_object_object_get (info, columns[i].key);

      if (scols_line_set_data (line, i, value != NULL ? json_object_get_string (value) : "-") != 0)
        return -1;
    }
  return 0;
}

static int
fill_table (struct libscols_table *table, json_object *array)
{
  for (size_t i = 0; i < COLUMN_COUNT; i++)
    if (scols_table_new_column (table, columns[i].title, 0, columns[i].flags) == NULL)
      return -1;
  for (size_t i = 0; i < json_object_array_length (array); i++)
    if (add_line (table, json_object_array_get_idx (array, i)) < 0)
      return -1;
  return 0;
}

int
vtpmctl_list (const struct vtpmctl_options *options, struct vtpm_error **error)
{
  _cleanup_info_list_ struct vtpm_info_list list = { 0 };
  _cleanup_table_ struct libscols_table *table = NULL;
  _cleanup_json_ json_object *array = NULL;

  array = json_object_new_array ();
  if (vtpm_info_list_ids (VTPM_RUN_DIR, &list, error) < 0
      || describe_all (&list, array, error) < 0)
    return -1;
  if (options->json)
    {
      puts (json_object_to_json_string_ext (array, JSON_C_TO_STRING_PRETTY
                                                       | JSON_C_TO_STRING_NOSLASHESCAPE));
      return 0;
    }
  table = scols_new_table ();
  if (table == NULL || fill_table (table, array) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make a table");
  if (scols_print_table (table) != 0)
    return vtpm_error_set_plain (error, EIO, "cannot print the table");
  return 0;
}
