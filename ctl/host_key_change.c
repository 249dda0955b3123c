/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key_change.h"

#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "host_key_access.h"
#include "whole_file.h"

/* The key's directory, and the names of the files in it.  */
struct place
{
  char *directory;
  int dir_fd;
  char *present;
  char *previous;
  char *next; /* being written; never read */
};

#define NO_PLACE { .dir_fd = -1 }

static void
close_place (struct place *place)
{
  free (place->directory);
  vtpm_cleanup_close (&place->dir_fd);
  free (place->present);
  free (place->previous);
  free (place->next);
}

#define _cleanup_place_ VTPM_CLEANUP (close_place)

static int
open_place (const char *path, struct place *place, struct vtpm_error **error)
{
  _cleanup_free_ char *copy = strdup (path);
  struct stat status;

  place->directory = strdup (path);
  place->present = copy != NULL ? strdup (basename (copy)) : NULL;
  if (place->directory == NULL || place->present == NULL
      || asprintf (&place->previous, "%s.previous", place->present) < 0
      || asprintf (&place->next, "%s.new", place->present) < 0)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  place->dir_fd = open (dirname (place->directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place->dir_fd < 0
      || fstatat (place->dir_fd, place->present, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return vtpm_error_set (error, errno, "cannot open host key %s", path);
  /* The new key would take the link's place.  */
  if (S_ISLNK (status.st_mode))
    return vtpm_error_set_plain (error, ELOOP,
                                 "host key %s is a symbolic link: configure the file it leads to",
                                 path);
  return 0;
}

int
vtpm_host_key_change_look (const char *path, struct vtpm_host_keys *keys, bool *changing,
                           struct vtpm_error **error)
{
  if (vtpm_host_key_source_find ("file")->fetch (path, keys, error) < 0)
    return -1;
  /* Two names of one key: a change that was interrupted before it came to a new one.  */
  *changing = keys->count > 1 && memcmp (keys->key[0], keys->key[1], VTPM_HOST_KEY_SIZE) != 0;
  return 0;
}

static int
write_next (const struct place *place, const char *path, struct vtpm_error **error)
{
  uint8_t key[VTPM_HOST_KEY_SIZE];
  const struct vtpm_secret_bytes bytes = { key, sizeof (key) };
  int result;

  if (unlinkat (place->dir_fd, place->next, 0) < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot remove %s.new", path);
  if (getrandom (key, sizeof (key), 0) != (ssize_t) sizeof (key))
    return vtpm_error_set (error, errno, "cannot get random bytes");
  result = vtpm_whole_file_create (place->dir_fd, place->next, 0600, NULL, &bytes, path, error);
  explicit_bzero (key, sizeof (key));
  return result;
}

/* The present key has its second name on disk before it loses the first.  */
static int
replace (const struct place *place, const char *path, struct vtpm_error **error)
{
  if ((linkat (place->dir_fd, place->present, place->dir_fd, place->previous, 0) < 0
       && errno != EEXIST)
      || fsync (place->dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot make %s.previous", path);
  if (renameat (place->dir_fd, place->next, place->dir_fd, place->present) < 0
      || fsync (place->dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot replace host key %s", path);
  return 0;
}

int
vtpm_host_key_change_begin (const char *path, struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  _cleanup_place_ struct place place = NO_PLACE;
  _cleanup_close_ int lock_fd = -1;
  bool changing;

  if (open_place (path, &place, error) < 0 || vtpm_host_key_lock (path, &lock_fd, error) < 0
      || vtpm_host_key_change_look (path, &keys, &changing, error) < 0)
    return -1;
  if (changing)
    return vtpm_error_set_plain (error, EBUSY, "host key %s is being changed already", path);
  return write_next (&place, path, error) < 0 ? -1 : replace (&place, path, error);
}

int
vtpm_host_key_change_end (const char *path, struct vtpm_error **error)
{
  _cleanup_place_ struct place place = NO_PLACE;

  if (open_place (path, &place, error) < 0)
    return -1;
  if ((unlinkat (place.dir_fd, place.previous, 0) < 0 && errno != ENOENT)
      || fsync (place.dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot remove %s.previous", path);
  return 0;
}
