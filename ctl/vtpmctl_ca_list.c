/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "ca_access.h"
#include "json.h"
#include "table.h"
#include "vtpmctl.h"

enum
{
  SERIAL,
  STATE,
  END,
  UUID,
  SUBJECT,
  COLUMN_COUNT,
};

/* Both the titles and the keys.  */
static const struct
{
  const char *title, *key;
} columns[COLUMN_COUNT] = {
  [SERIAL] = { "SERIAL", "serial" }, [STATE] = { "STATE", "state" }, [END] = { "UNTIL", "until" },
  [UUID] = { "INSTANCE", "uuid" },   [SUBJECT] = { "SUBJECT", "subject" },
};

static const char *
get (const struct vtpm_ca_entry *entry, int column)
{
  switch (column)
    {
    case SERIAL:
      return entry->serial;
    case STATE:
      return entry->revoked ? "revoked" : "valid";
    case END:
      return entry->end;
    case UUID:
      return entry->uuid[0] != '\0' ? entry->uuid : "-";
    case SUBJECT:
    default:
      return entry->subject;
    }
}

static void
print_json (const struct vtpm_ca_index *index)
{
  _cleanup_json_ json_object *array = json_object_new_array ();

  for (size_t i = 0; i < index->count; i++)
    {
      json_object *object = json_object_new_object ();

      for (int column = 0; column < COLUMN_COUNT; column++)
        json_object_object_add (object, columns[column].key,
                                json_object_new_string (get (&index->entries[i], column)));
      json_object_array_add (array, object);
    }
  puts (json_object_to_json_string_ext (array, JSON_C_TO_STRING_PRETTY
                                                   | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int
fill (struct libscols_table *table, const struct vtpm_ca_index *index)
{
  for (int column = 0; column < COLUMN_COUNT; column++)
    if (scols_table_new_column (table, columns[column].title, 0, 0) == NULL)
      return -1;
  for (size_t i = 0; i < index->count; i++)
    {
      struct libscols_line *line = scols_table_new_line (table, NULL);

      for (int column = 0; column < COLUMN_COUNT; column++)
        if (line == NULL
            || scols_line_set_data (line, (size_t) column, get (&index->entries[i], column)) != 0)
          return -1;
    }
  return 0;
}

static int
print_table (const struct vtpm_ca_index *index, struct vtpm_error **error)
{
  _cleanup_table_ struct libscols_table *table = scols_new_table ();

  if (table == NULL || fill (table, index) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make a table");
  if (scols_print_table (table) != 0)
    return vtpm_error_set_plain (error, EIO, "cannot print the table");
  return 0;
}

int
vtpmctl_ca_list (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                 struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };

  if (vtpm_ca_access_open (host, &access, error) < 0
      || vtpm_ca_read_index (access.ca, &index, error) < 0)
    return -1;
  if (!options->json)
    return print_table (&index, error);
  print_json (&index);
  return 0;
}
