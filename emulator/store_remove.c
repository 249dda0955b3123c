/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <string.h>

#include "store_internal.h"

/* Not allowed in an instance's name.  */
#define ENDING_PREFIX "~"

static const char *const scraps[] = {
  VTPM_INSTANCE_LOCK,
  VTPM_STORE_STATE_NEW,
  VTPM_STORE_PREVIOUS_NEW,
  VTPM_STORE_META_NEW,
};

/* Calls VISIT for each entry of DIR_FD until it returns other than 0, which is
   then returned.  -1 with errno set: the directory cannot be read.  */
static int
for_each_entry (int dir_fd, int (*visit) (int dir_fd, const char *name))
{
  int fd = vtpm_store_open_directory (dir_fd, ".");
  _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;
  int result = 0;

  if (dir == NULL)
    {
      vtpm_cleanup_close (&fd);
      return -1;
    }
  errno = 0;
  while (result == 0 && (entry = readdir (dir)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      {
        result = visit (dir_fd, entry->d_name);
        if (result == 0)
          errno = 0;
      }
  return result == 0 && errno != 0 ? -1 : result;
}

static int
find_other_than_scrap (int dir_fd, const char *name)
{
  (void) dir_fd;
  for (size_t i = 0; i < sizeof (scraps) / sizeof (scraps[0]); i++)
    if (strcmp (name, scraps[i]) == 0)
      return 0;
  return 1;
}

bool
vtpm_store_place_is_blank (const struct vtpm_store_place *place)
{
  return for_each_entry (place->dir_fd, find_other_than_scrap) == 0;
}

static int
remove_file (int dir_fd, const char *name)
{
  return unlinkat (dir_fd, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

/* Left there by somebody who was killed while he removed an instance of the
   same name, or is still at it.  */
static int
remove_leftover (int scope_fd, const char *ending)
{
  _cleanup_close_ int fd = vtpm_store_open_directory (scope_fd, ending);

  if (fd < 0)
    return errno == ENOENT ? 0 : -1;
  if (for_each_entry (fd, remove_file) < 0)
    return -1;
  return unlinkat (scope_fd, ending, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

static int
set_cannot_remove (const struct vtpm_store_place *place, struct vtpm_error **error)
{
  return vtpm_error_set (error, errno, "cannot remove %s", place->path);
}

/* The directory first takes a name that no instance has: whoever looks for the
   instance sees it complete or not at all, never half removed.  */
int
vtpm_store_place_remove (struct vtpm_store_place *place, struct vtpm_error **error)
{
  char ending[sizeof (ENDING_PREFIX) + VTPM_INSTANCE_NAME_MAX];

  snprintf (ending, sizeof (ending), ENDING_PREFIX "%s", place->id.name);
  while (renameat (place->scope_fd, place->id.name, place->scope_fd, ending) < 0)
    if ((errno != ENOTEMPTY && errno != EEXIST) || remove_leftover (place->scope_fd, ending) < 0)
      return set_cannot_remove (place, error);
  if (for_each_entry (place->dir_fd, remove_file) < 0
      || (unlinkat (place->scope_fd, ending, AT_REMOVEDIR) < 0 && errno != ENOENT))
    return set_cannot_remove (place, error);
  unlinkat (place->instances_fd, place->id.scope, AT_REMOVEDIR);
  return 0;
}

int
vtpm_store_remove (const char *state_dir, const struct vtpm_instance_id *id,
                   struct vtpm_error **error)
{
  _cleanup_place_ struct vtpm_store_place place = VTPM_STORE_NO_PLACE;

  if (vtpm_store_place_open (state_dir, id, false, "a command that removes it", &place, error) < 0)
    return -1;
  if (vtpm_store_place_remove (&place, error) < 0)
    return -1;
  return fsync (place.scope_fd) < 0 ? set_cannot_remove (&place, error) : 0;
}

int
vtpm_store_consume (struct vtpm_store *store, struct vtpm_error **error)
{
  if (vtpm_store_place_remove (&store->place, error) < 0)
    return -1;
  return fsync (store->place.scope_fd) < 0 ? set_cannot_remove (&store->place, error) : 0;
}
