/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "overview.h"
#include "table.h"
#include "vtpmctl.h"

/* A column shows one string of a vTPM's description.  */
static const struct
{
  const char *title;
  const char *key;
  int flags;
} columns[] = {
  { "CONTAINER", "containerId", SCOLS_FL_TRUNC },
  { "INSTANCE", "instance", SCOLS_FL_TRUNC },
  { "STATE", "state", 0 },
  { "TPM", "tpmVersion", 0 },
  { "DRIVER", "driver", 0 },
  { "HOST DEVICE", "hostDevice", 0 },
  { "SUPERVISOR", "supervisorPid", SCOLS_FL_RIGHT },
  { "EMULATOR", "emulatorPid", SCOLS_FL_RIGHT },
};

#define COLUMN_COUNT (sizeof (columns) / sizeof (columns[0]))

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

static int
print_table (json_object *array, struct vtpm_error **error)
{
  _cleanup_table_ struct libscols_table *table = scols_new_table ();

  if (table == NULL || fill_table (table, array) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make a table");
  if (scols_print_table (table) != 0)
    return vtpm_error_set_plain (error, EIO, "cannot print the table");
  return 0;
}

int
vtpmctl_list (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
              struct vtpm_error **error)
{
  _cleanup_json_ json_object *descriptions = NULL;

  if (vtpm_overview_get (host, &descriptions, error) < 0)
    return -1;
  if (!options->json)
    return print_table (descriptions, error);
  puts (json_object_to_json_string_ext (descriptions, JSON_C_TO_STRING_PRETTY
                                                          | JSON_C_TO_STRING_NOSLASHESCAPE));
  return 0;
}
