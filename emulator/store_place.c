/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "store_internal.h"

#define INSTANCES "instances"

/* What to do when an instance's directory turns out to be gone.  */
enum outcome
{
  OUTCOME_FAILED = -1,
  OUTCOME_DONE = 0,
  OUTCOME_AGAIN = 1, /* somebody has removed it under our hands */
};

int
vtpm_store_open_directory (int dir_fd, const char *name)
{
  return openat (dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
vtpm_store_open_instances (const char *state_dir, int *fd, struct vtpm_error **error)
{
  _cleanup_close_ int state_fd = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (state_fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", state_dir);
  *fd = vtpm_store_open_directory (state_fd, INSTANCES);
  if (*fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s/" INSTANCES, state_dir);
  return 0;
}

/* Between our open and our lock the last owner may have removed it.  */
static bool
is_in_place (const struct vtpm_store_place *place)
{
  char path[VTPM_INSTANCE_ID_TEXT_SIZE + sizeof ("/" VTPM_INSTANCE_LOCK)];
  struct stat ours, named;

  snprintf (path, sizeof (path), "%s/%s/" VTPM_INSTANCE_LOCK, place->id.scope, place->id.name);
  return fstat (place->lock_fd, &ours) == 0
         && fstatat (place->instances_fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0
         && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static enum outcome
set_cannot (const char *what, const struct vtpm_store_place *place, struct vtpm_error **error)
{
  if (errno == ENOENT)
    return OUTCOME_AGAIN;
  vtpm_error_set (error, errno, "cannot %s %s", what, place->path);
  return OUTCOME_FAILED;
}

static enum outcome
open_directories (struct vtpm_store_place *place, bool create, struct vtpm_error **error)
{
  const struct vtpm_instance_id *id = &place->id;

  if (create && mkdirat (place->instances_fd, id->scope, 0700) < 0 && errno != EEXIST)
    return set_cannot ("make", place, error);
  place->scope_fd = vtpm_store_open_directory (place->instances_fd, id->scope);
  if (place->scope_fd < 0)
    return set_cannot ("open", place, error);
  if (create && mkdirat (place->scope_fd, id->name, 0700) < 0 && errno != EEXIST)
    return set_cannot ("make", place, error);
  place->dir_fd = vtpm_store_open_directory (place->scope_fd, id->name);
  return place->dir_fd < 0 ? set_cannot ("open", place, error) : OUTCOME_DONE;
}

static enum outcome
lock_directory (struct vtpm_store_place *place, const char *holder, struct vtpm_error **error)
{
  place->lock_fd
      = openat (place->dir_fd, VTPM_INSTANCE_LOCK,
                O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
  if (place->lock_fd < 0)
    return set_cannot ("lock", place, error);
  if (vtpm_instance_lock_take (place->lock_fd, &place->id, holder, error) < 0)
    return OUTCOME_FAILED;
  return is_in_place (place) ? OUTCOME_DONE : OUTCOME_AGAIN;
}

/* Removes directories that were made in vain; those with anything in them
   stay.  */
static void
remove_empty_directories (const struct vtpm_store_place *place)
{
  unlinkat (place->scope_fd, place->id.name, AT_REMOVEDIR);
  unlinkat (place->instances_fd, place->id.scope, AT_REMOVEDIR);
}

static enum outcome
try_open (const char *state_dir, const struct vtpm_instance_id *id, bool create,
          const char *holder, struct vtpm_store_place *place, struct vtpm_error **error)
{
  enum outcome outcome;

  place->id = *id;
  if (asprintf (&place->path, "%s/" INSTANCES "/%s/%s", state_dir, id->scope, id->name) < 0)
    {
      place->path = NULL;
      vtpm_error_set (error, ENOMEM, "cannot open %s", state_dir);
      return OUTCOME_FAILED;
    }
  if (vtpm_store_open_instances (state_dir, &place->instances_fd, error) < 0)
    return OUTCOME_FAILED;
  outcome = open_directories (place, create, error);
  if (outcome == OUTCOME_DONE)
    outcome = lock_directory (place, holder, error);
  if (outcome == OUTCOME_FAILED && create)
    remove_empty_directories (place);
  return outcome;
}

int
vtpm_store_place_open (const char *state_dir, const struct vtpm_instance_id *id, bool create,
                       const char *holder, struct vtpm_store_place *place,
                       struct vtpm_error **error)
{
  for (;;)
    {
      _cleanup_place_ struct vtpm_store_place found = VTPM_STORE_NO_PLACE;
      enum outcome outcome = try_open (state_dir, id, create, holder, &found, error);
      char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

      if (outcome == OUTCOME_FAILED)
        return -1;
      if (outcome == OUTCOME_DONE)
        {
          *place = found;
          found = (struct vtpm_store_place) VTPM_STORE_NO_PLACE;
          return 0;
        }
      if (!create && found.lock_fd < 0)
        return vtpm_error_set_plain (error, ENOENT, "there is no instance %s",
                                     vtpm_instance_id_format (id, instance));
    }
}

void
vtpm_store_place_close (struct vtpm_store_place *place)
{
  vtpm_cleanup_close (&place->lock_fd);
  vtpm_cleanup_close (&place->dir_fd);
  vtpm_cleanup_close (&place->scope_fd);
  vtpm_cleanup_close (&place->instances_fd);
  free (place->path);
  place->path = NULL;
}
