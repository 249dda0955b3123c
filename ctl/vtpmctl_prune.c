/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "host_config.h"
#include "kept_info.h"
#include "log.h"
#include "vtpmctl.h"

#define SECONDS_PER_DAY 86400
#define TIME_SIZE 32

static const char *
format_time (time_t when, char buffer[TIME_SIZE])
{
  struct tm parts;

  if (gmtime_r (&when, &parts) == NULL
      || strftime (buffer, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    strcpy (buffer, "an unknown time");
  return buffer;
}

/* Damaged state is left for somebody to look at.  */
static bool
is_due (const struct vtpm_store_entry *entry, time_t limit)
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  if (strcmp (entry->id.scope, VTPM_SCOPE_CONTAINER) != 0 || entry->holder[0] != '\0'
      || entry->last_used == 0 || entry->last_used > limit)
    return false;
  if (entry->fault[0] == '\0' || entry->blank)
    return true;
  vtpm_log (VTPM_LOG_WARNING, "%s is damaged, and therefore kept: %s",
            vtpm_instance_id_format (&entry->id, instance), entry->fault);
  return false;
}

/* Whether it has been used since the list was made.  */
static bool
is_unchanged (const char *state_dir, const struct vtpm_store_entry *entry)
{
  _cleanup_free_ char *path = NULL;
  struct stat status;

  return asprintf (&path, "%s/instances/%s/%s/" VTPM_INSTANCE_LOCK, state_dir, entry->id.scope,
                   entry->id.name)
             >= 0
         && lstat (path, &status) == 0 && status.st_mtime == entry->last_used;
}

/* *REMOVED stays false where somebody came first.  */
static int
remove_one (const char *state_dir, const struct vtpm_store_entry *entry, bool *removed,
            struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;

  *removed = false;
  if (!is_unchanged (state_dir, entry))
    return 0;
  if (vtpm_store_remove (state_dir, &entry->id, &problem) == 0)
    {
      *removed = true;
      return 0;
    }
  if (vtpm_error_errnum (problem) == EBUSY || vtpm_error_errnum (problem) == ENOENT)
    return 0;
  return vtpm_error_pass (error, &problem);
}

static int
prune (const char *state_dir, const struct vtpm_store_list *list, time_t limit, bool dry_run,
       struct vtpm_error **error)
{
  for (size_t i = 0; i < list->count; i++)
    {
      const struct vtpm_store_entry *entry = &list->entries[i];
      char instance[VTPM_INSTANCE_ID_TEXT_SIZE];
      char when[TIME_SIZE];
      bool removed = false;

      if (!is_due (entry, limit))
        continue;
      if (!dry_run && remove_one (state_dir, entry, &removed, error) < 0)
        return -1;
      if (removed || dry_run)
        printf ("%s %s, last used %s\n", dry_run ? "would remove" : "removed",
                vtpm_instance_id_format (&entry->id, instance),
                format_time (entry->last_used, when));
    }
  return 0;
}

int
vtpmctl_prune (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
               struct vtpm_error **error)
{
  _cleanup_store_list_ struct vtpm_store_list list = { 0 };
  struct vtpm_host_config config;
  time_t days;

  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || vtpm_kept_info_list (config.state_dir, &list, error) < 0)
    return -1;
  days = options->days != VTPMCTL_DAYS_UNSET ? options->days
                                                   : (time_t) config.retention_days;
  return prune (config.state_dir, &list, time (NULL) - days * SECONDS_PER_DAY, options->dry_run,
                error);
}
