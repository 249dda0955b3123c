/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"
#include "store_internal.h"

static void
describe_use (int dir_fd, struct vtpm_store_entry *entry)
{
  _cleanup_close_ int lock_fd
      = openat (dir_fd, VTPM_INSTANCE_LOCK,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat status;

  if (lock_fd < 0)
    return;
  if (fstat (lock_fd, &status) == 0)
    entry->last_used = status.st_mtime;
  vtpm_instance_lock_look (lock_fd, entry->holder, NULL);
}

static void
describe_state (int dir_fd, struct vtpm_store_entry *entry)
{
  static const uint8_t no_uuid[VTPM_UUID_SIZE];
  _cleanup_error_ struct vtpm_error *problem = NULL;
  struct vtpm_store_content content;
  const uint8_t *uuid;

  if (vtpm_store_read (dir_fd, "", &entry->id, &content, &problem) < 0)
    vtpm_name_quote (vtpm_error_message (problem), entry->fault, sizeof (entry->fault));
  else if (!content.has_state)
    {
      strcpy (entry->fault, VTPM_STORE_STATE ": there is none yet");
      entry->blank = true;
    }
  free (content.file);
  entry->size = content.size;
  entry->generation = content.header.generation;
  memcpy (entry->key_id, content.header.key_id, VTPM_KEY_ID_SIZE);
  if (content.has_meta)
    strcpy (entry->tpm_version, vtpm_tpm_version_name (content.meta.version));
  uuid = content.header.generation > 0 ? content.header.uuid : content.meta.uuid;
  if (memcmp (uuid, no_uuid, VTPM_UUID_SIZE) != 0)
    vtpm_uuid_format (uuid, entry->uuid);
}

/* What is no instance's directory is passed over.  */
static int
add (int scope_fd, const struct vtpm_instance_id *id, struct vtpm_store_list *list)
{
  _cleanup_close_ int dir_fd = vtpm_store_open_directory (scope_fd, id->name);
  struct vtpm_store_entry *entry;

  if (dir_fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
    return 0;
  entry = realloc (list->entries, (list->count + 1) * sizeof (*entry));
  if (entry == NULL)
    return -1;
  list->entries = entry;
  entry += list->count++;
  *entry = (struct vtpm_store_entry) { .id = *id };
  if (dir_fd < 0)
    {
      snprintf (entry->fault, sizeof (entry->fault), "cannot be opened: %s", strerror (errno));
      return 0;
    }
  describe_use (dir_fd, entry);
  describe_state (dir_fd, entry);
  return 0;
}

/* Takes DIR_FD, which may be -1.  */
static DIR *
open_entries (int dir_fd)
{
  DIR *dir = dir_fd < 0 ? NULL : fdopendir (dir_fd);

  if (dir == NULL)
    vtpm_cleanup_close (&dir_fd);
  return dir;
}

static int
add_scope (int instances_fd, const char *scope, struct vtpm_store_list *list)
{
  _cleanup_closedir_ DIR *dir = open_entries (vtpm_store_open_directory (instances_fd, scope));
  const struct dirent *entry;

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    {
      char text[VTPM_INSTANCE_ID_TEXT_SIZE + NAME_MAX];
      struct vtpm_instance_id id;

      snprintf (text, sizeof (text), "%s/%s", scope, entry->d_name);
      if (vtpm_instance_id_parse (text, &id, NULL) == 0 && add (dirfd (dir), &id, list) < 0)
        return -1;
    }
  return 0;
}

static int
compare (const void *one, const void *other)
{
  const struct vtpm_store_entry *a = one, *b = other;
  int result = strcmp (a->id.scope, b->id.scope);

  return result != 0 ? result : strcmp (a->id.name, b->id.name);
}

int
vtpm_store_list (const char *state_dir, struct vtpm_store_list *list, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_closedir_ DIR *dir = NULL;
  const struct dirent *entry;
  int fd = -1;

  *list = (struct vtpm_store_list) { 0 };
  if (vtpm_store_open_instances (state_dir, &fd, &problem) < 0)
    return vtpm_error_errnum (problem) == ENOENT ? 0 : vtpm_error_pass (error, &problem);
  dir = open_entries (fd);
  if (dir == NULL)
    return vtpm_error_set (error, errno, "cannot read %s/instances", state_dir);
  while ((entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.' && add_scope (dirfd (dir), entry->d_name, list) < 0)
      {
        vtpm_store_list_clear (list);
        return vtpm_error_set (error, ENOMEM, "cannot list the instances in %s", state_dir);
      }
  if (list->count > 0)
    qsort (list->entries, list->count, sizeof (*list->entries), compare);
  return 0;
}

void
vtpm_store_list_clear (struct vtpm_store_list *list)
{
  free (list->entries);
  *list = (struct vtpm_store_list) { 0 };
}
