/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pool_list.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "instance_id.h"

void
vtpm_pool_entry_make (const struct vtpm_pool_kind *kind, const char *uuid,
                      struct vtpm_pool_entry *entry)
{
  entry->kind = *kind;
  snprintf (entry->uuid, sizeof (entry->uuid), "%s", uuid);
  snprintf (entry->name, sizeof (entry->name), "ek%02x-pcr%x-ca%08" PRIx32 "-%s", kind->eks & 0xff,
            kind->pcr_banks & 0xf, kind->authority, entry->uuid);
}

/* What is read must give the same name again: that leaves no question of what sscanf(3) skips
   or takes for a number.  */
bool
vtpm_pool_entry_parse (const char *name, struct vtpm_pool_entry *entry)
{
  struct vtpm_pool_kind kind;
  char text[VTPM_UUID_TEXT_SIZE];
  uint8_t uuid[VTPM_UUID_SIZE];

  if (sscanf (name, "ek%2x-pcr%1x-ca%8" SCNx32 "-%36[0-9a-f-]", &kind.eks, &kind.pcr_banks,
              &kind.authority, text)
          != 4
      || vtpm_uuid_parse (text, uuid, NULL) < 0)
    return false;
  vtpm_pool_entry_make (&kind, text, entry);
  return strcmp (entry->name, name) == 0;
}

bool
vtpm_pool_kind_equal (const struct vtpm_pool_kind *one, const struct vtpm_pool_kind *other)
{
  return one->eks == other->eks && one->pcr_banks == other->pcr_banks
         && one->authority == other->authority;
}

static bool
is_complete (int dir_fd, const char *name)
{
  char path[VTPM_POOL_NAME_SIZE + sizeof ("/meta.json")];

  snprintf (path, sizeof (path), "%s/state", name);
  return faccessat (dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
add (struct vtpm_pool_list *list, const struct vtpm_pool_entry *entry)
{
  struct vtpm_pool_entry *larger
      = reallocarray (list->entries, list->count + 1, sizeof (*list->entries));

  if (larger == NULL)
    return -1;
  list->entries = larger;
  list->entries[list->count++] = *entry;
  return 0;
}

static int
read_entries (DIR *dir, struct vtpm_pool_list *list)
{
  const struct dirent *found;
  struct vtpm_pool_entry entry;

  for (errno = 0; (found = readdir (dir)) != NULL; errno = 0)
    if (vtpm_pool_entry_parse (found->d_name, &entry) && is_complete (dirfd (dir), entry.name)
        && add (list, &entry) < 0)
      return -1;
  return errno == 0 ? 0 : -1;
}

int
vtpm_pool_list_read (const char *state_dir, struct vtpm_pool_list *list, struct vtpm_error **error)
{
  _cleanup_free_ char *path = NULL;
  _cleanup_closedir_ DIR *dir = NULL;
  int fd;

  *list = (struct vtpm_pool_list) { 0 };
  if (asprintf (&path, "%s/instances/" VTPM_SCOPE_POOL, state_dir) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot read the pool");
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? 0 : vtpm_error_set (error, errno, "cannot open %s", path);
  dir = fdopendir (fd);
  if (dir == NULL)
    {
      close (fd);
      return vtpm_error_set (error, errno, "cannot read %s", path);
    }
  if (read_entries (dir, list) == 0)
    return 0;
  vtpm_error_set (error, errno, "cannot read %s", path);
  vtpm_pool_list_clear (list);
  return -1;
}

void
vtpm_pool_list_clear (struct vtpm_pool_list *list)
{
  free (list->entries);
  *list = (struct vtpm_pool_list) { 0 };
}

const struct vtpm_pool_entry *
vtpm_pool_list_choose (const struct vtpm_pool_list *list, const struct vtpm_pool_kind *kind)
{
  const struct vtpm_pool_entry *chosen = NULL;
  uint32_t start = 0;

  if (list->count == 0 || getrandom (&start, sizeof (start), 0) < 0)
    return NULL;
  for (size_t i = 0; i < list->count && chosen == NULL; i++)
    {
      const struct vtpm_pool_entry *entry = &list->entries[(start + i) % list->count];

      if (vtpm_pool_kind_equal (&entry->kind, kind))
        chosen = entry;
    }
  return chosen;
}
