/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "rekey_work.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "kept_info.h"
#include "store.h"

/* An instance whose key cannot be told, be it because it is damaged or because its
   first state is still to be written, may need the previous one.  */
static bool
may_need_previous (const struct vtpm_store_entry *entry, const struct vtpm_host_keys *keys)
{
  static const uint8_t unknown[VTPM_KEY_ID_SIZE];
  uint8_t previous[VTPM_KEY_ID_SIZE];

  if (entry->blank)
    return entry->holder[0] != '\0';
  vtpm_host_key_id (keys->key[1], previous);
  return memcmp (entry->key_id, previous, VTPM_KEY_ID_SIZE) == 0
         || memcmp (entry->key_id, unknown, VTPM_KEY_ID_SIZE) == 0;
}

static int
encrypt_anew (const struct vtpm_store_settings *settings, struct vtpm_error **error)
{
  _cleanup_store_ struct vtpm_store *store = NULL;
  const uint8_t *permanent;
  size_t size;

  if (vtpm_store_open (settings, &store, error) < 0)
    return -1;
  vtpm_store_get_permanent (store, &permanent, &size);
  for (int i = 0; i < 2; i++)
    if (vtpm_store_commit (store, permanent, size, error) < 0)
      return -1;
  return 0;
}

/* This was no use that `vtpmctl prune` should count.  */
static void
restore_last_use (const char *state_dir, const struct vtpm_store_entry *entry)
{
  const struct timespec times[2]
      = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = entry->last_used } };
  _cleanup_free_ char *path = NULL;

  if (asprintf (&path, "%s/instances/%s/%s/" VTPM_INSTANCE_LOCK, state_dir, entry->id.scope,
                entry->id.name)
      >= 0)
    utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void
work_on (const struct vtpm_rekey_work *work, const struct vtpm_store_entry *entry,
         struct vtpm_rekey_result *result, FILE *lines)
{
  const struct vtpm_store_settings settings = {
    .state_dir = work->state_dir,
    .id = &entry->id,
    .keys = work->keys,
    .holder = "vtpmctl rekey",
  };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  if (!may_need_previous (entry, work->keys))
    return;
  if (encrypt_anew (&settings, &problem) == 0)
    {
      restore_last_use (work->state_dir, entry);
      result->done++;
    }
  else if (vtpm_error_errnum (problem) != ENOENT)
    {
      fprintf (lines, "%s\n", vtpm_error_message (problem));
      result->left++;
    }
}

int
vtpm_rekey_work (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  const struct vtpm_rekey_work *work = context;
  _cleanup_store_list_ struct vtpm_store_list list = { 0 };
  struct vtpm_rekey_result result = { 0 };
  FILE *stream;

  if (vtpm_store_list (work->state_dir, &list, error) < 0)
    return -1;
  stream = open_memstream ((char **) &output->data, &output->size);
  if (stream == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot work on %zu instances", list.count);
  fwrite (&result, sizeof (result), 1, stream);
  for (size_t i = 0; i < list.count; i++)
    work_on (work, &list.entries[i], &result, stream);
  if (fclose (stream) != 0)
    return vtpm_error_set (error, ENOMEM, "cannot work on %zu instances", list.count);
  memcpy (output->data, &result, sizeof (result));
  return 0;
}
