/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "json.h"
#include "manufacture_spec.h"
#include "pool_config.h"
#include "table.h"
#include "vtpmctl.h"

struct line
{
  struct vtpm_pool_kind kind;
  unsigned int ready, wanted;
};

struct status
{
  struct line *lines;
  size_t count;
};

static void
clear_status (struct status *status)
{
  free (status->lines);
}

#define _cleanup_status_ VTPM_CLEANUP (clear_status)

/* There is room for all.  */
static struct line *
get_line (struct status *status, const struct vtpm_pool_kind *kind)
{
  for (size_t i = 0; i < status->count; i++)
    if (vtpm_pool_kind_equal (&status->lines[i].kind, kind))
      return &status->lines[i];
  status->lines[status->count].kind = *kind;
  return &status->lines[status->count++];
}

static int
collect (const struct vtpm_pool_config *config, const struct vtpm_pool_list *list,
         struct status *status, struct vtpm_error **error)
{
  status->lines = calloc (config->count + list->count + 1, sizeof (*status->lines));
  if (status->lines == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot count the pool");
  for (size_t i = 0; i < config->count; i++)
    get_line (status, &config->wishes[i].kind)->wanted = config->wishes[i].count;
  for (size_t i = 0; i < list->count; i++)
    get_line (status, &list->entries[i].kind)->ready++;
  return 0;
}

struct texts
{
  char eks[VTPM_SET_TEXT_SIZE];
  char banks[VTPM_SET_TEXT_SIZE];
};

static struct texts
describe (const struct vtpm_pool_kind *kind)
{
  struct texts texts;

  vtpm_key_types_format (kind->eks, texts.eks);
  if (kind->pcr_banks == 0)
    snprintf (texts.banks, sizeof (texts.banks), "all");
  else
    vtpm_pcr_banks_format (kind->pcr_banks, texts.banks);
  return texts;
}

static void
print_json (const struct status *status, uint32_t authority)
{
  _cleanup_json_ json_object *array = json_object_new_array ();

  for (size_t i = 0; i < status->count; i++)
    {
      const struct line *line = &status->lines[i];
      const struct texts texts = describe (&line->kind);
      json_object *object = json_object_new_object ();

      json_object_object_add (object, "ek", json_object_new_string (texts.eks));
      json_object_object_add (object, "pcrBanks", json_object_new_string (texts.banks));
      json_object_object_add (object, "ready", json_object_new_int64 (line->ready));
      json_object_object_add (object, "wanted", json_object_new_int64 (line->wanted));
      json_object_object_add (object, "stale",
                              json_object_new_boolean (line->kind.authority != authority));
      json_object_array_add (array, object);
    }
  puts (json_object_to_json_string_ext (array, JSON_C_TO_STRING_PRETTY));
}

static int
add_line (struct libscols_table *table, const struct line *line, uint32_t authority)
{
  struct libscols_line *row = scols_table_new_line (table, NULL);
  const struct texts texts = describe (&line->kind);
  char ready[16], wanted[16];

  snprintf (ready, sizeof (ready), "%u", line->ready);
  snprintf (wanted, sizeof (wanted), "%u", line->wanted);
  return row == NULL || scols_line_set_data (row, 0, texts.eks) != 0
                 || scols_line_set_data (row, 1, texts.banks) != 0
                 || scols_line_set_data (row, 2, ready) != 0
                 || scols_line_set_data (row, 3, wanted) != 0
                 || scols_line_set_data (
                        row, 4, line->kind.authority != authority ? "other settings" : "")
                        != 0
             ? -1
             : 0;
}

static int
fill_table (struct libscols_table *table, const struct status *status, uint32_t authority)
{
  static const struct
  {
    const char *title;
    int flags;
  } columns[] = {
    { "EK", 0 }, { "PCR BANKS", 0 }, { "READY", SCOLS_FL_RIGHT }, { "WANTED", SCOLS_FL_RIGHT },
    { "", 0 },
  };

  for (size_t i = 0; i < sizeof (columns) / sizeof (columns[0]); i++)
    if (scols_table_new_column (table, columns[i].title, 0, columns[i].flags) == NULL)
      return -1;
  for (size_t i = 0; i < status->count; i++)
    if (add_line (table, &status->lines[i], authority) < 0)
      return -1;
  return 0;
}

static int
print_table (const struct status *status, uint32_t authority, struct vtpm_error **error)
{
  _cleanup_table_ struct libscols_table *table = scols_new_table ();

  if (table == NULL || fill_table (table, status, authority) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make a table");
  if (scols_print_table (table) != 0)
    return vtpm_error_set_plain (error, EIO, "cannot print the table");
  return 0;
}

int
vtpmctl_pool_status (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                     struct vtpm_error **error)
{
  _cleanup_pool_config_ struct vtpm_pool_config pool = { 0 };
  _cleanup_pool_list_ struct vtpm_pool_list list = { 0 };
  _cleanup_status_ struct status status = { 0 };
  struct vtpm_host_config config;

  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_pool_config_load (host->config_file, &config, &pool, error) < 0
      || vtpm_pool_list_read (config.state_dir, &list, error) < 0
      || collect (&pool, &list, &status, error) < 0)
    return -1;
  if (!options->json)
    return print_table (&status, config.authority, error);
  print_json (&status, config.authority);
  return 0;
}
