/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key_access.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static DIR *
open_dir (int parent_fd, const char *name)
{
  _cleanup_close_ int fd
      = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir (fd);

  if (dir != NULL)
    vtpm_steal_fd (&fd);
  return dir;
}

static const char *
next_name (DIR *dir)
{
  const struct dirent *entry;

  do
    entry = readdir (dir);
  while (entry != NULL && entry->d_name[0] == '.');
  return entry == NULL ? NULL : entry->d_name;
}

/* Whether there is any instance.  */
static bool
has_instances (const char *state_dir)
{
  _cleanup_close_ int state_fd = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  _cleanup_closedir_ DIR *scopes = open_dir (state_fd, "instances");
  const char *name;

  while (scopes != NULL && (name = next_name (scopes)) != NULL)
    {
      _cleanup_closedir_ DIR *scope = open_dir (dirfd (scopes), name);

      if (scope != NULL && next_name (scope) != NULL)
        return true;
    }
  return false;
}

/* Instances are looked for first, since meanwhile another process may make a key
   and then an instance.  */
static int
make_if_first (const struct vtpm_host_key_source *source, const struct vtpm_host_config *config,
               struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  _cleanup_error_ struct vtpm_error *problem = NULL;
  bool needed = has_instances (config->state_dir);

  if (!needed)
    return vtpm_host_keys_get (source, config->host_key_location, &keys, error);
  if (source->fetch (config->host_key_location, &keys, &problem) == 0)
    return 0;
  if (vtpm_error_errnum (problem) == ENOENT && source->make != NULL)
    vtpm_error_wrap (&problem, "there are instances, but not their key");
  return vtpm_error_pass (error, &problem);
}

/* Whether the file is still the one that its name leads to: while we waited for the
   lock it may have become the previous key.  */
static bool
is_in_place (const char *path, int fd)
{
  struct stat ours, named;

  return fstat (fd, &ours) == 0 && stat (path, &named) == 0 && ours.st_dev == named.st_dev
         && ours.st_ino == named.st_ino;
}

static int
lock (const char *path, int operation, int *lock_fd, struct vtpm_error **error)
{
  for (;;)
    {
      _cleanup_close_ int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

      if (fd < 0)
        return vtpm_error_set (error, errno, "cannot open host key %s", path);
      if (flock (fd, operation) < 0)
        {
          if (errno == EINTR)
            continue;
          return vtpm_error_set (error, errno, "cannot lock host key %s", path);
        }
      if (!is_in_place (path, fd))
        continue;
      *lock_fd = vtpm_steal_fd (&fd);
      return 0;
    }
}

int
vtpm_host_key_access (const struct vtpm_host_config *config, struct vtpm_host_keys *keys,
                      int *hold_fd, struct vtpm_error **error)
{
  const struct vtpm_host_key_source *source = vtpm_host_key_source_find (config->host_key_source);
  _cleanup_close_ int fd = -1;

  if (source == NULL)
    return vtpm_error_set_plain (error, EINVAL, "this build has no source \"%s\" of host keys",
                                 config->host_key_source);
  if (make_if_first (source, config, error) < 0)
    return -1;
  /* What cannot be made here is not replaced here either.  */
  if (source->make != NULL && lock (config->host_key_location, LOCK_SH, &fd, error) < 0)
    return -1;
  if (source->fetch (config->host_key_location, keys, error) < 0)
    return -1;
  *hold_fd = vtpm_steal_fd (&fd);
  return 0;
}

int
vtpm_host_key_lock (const char *path, int *lock_fd, struct vtpm_error **error)
{
  return lock (path, LOCK_EX, lock_fd, error);
}
