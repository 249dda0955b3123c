/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "base_dirs.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Makes NAME in PARENT_FD with exactly MODE, unless it is there, and opens it.
   *FD is -1 for what is no directory.  */
static int
make_and_open (int parent_fd, const char *name, const char *path, mode_t mode, int *fd,
               struct stat *status, struct vtpm_error **error)
{
  mode_t mask = umask (0);
  int result = mkdirat (parent_fd, name, mode);

  umask (mask);
  if (result < 0 && errno != EEXIST)
    return vtpm_error_set (error, errno, "cannot make %s", path);
  *fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (*fd < 0 && errno == ENOTDIR)
    return 0;
  if (*fd < 0 || fstat (*fd, status) < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  return 0;
}

static int
refuse (const char *path, uid_t owner, const char *right, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EPERM, "%s is not a directory that only user %u may %s", path,
                               owner, right);
}

/* Makes a directory of USER's.  One that is still ours was left by a hook that
   died before it handed it over, or made by the administrator.  */
static int
make_for_user (int parent_fd, const char *name, const char *path, mode_t mode,
               const struct vtpm_user *user, struct vtpm_error **error)
{
  const mode_t too_much = 077 & ~mode;
  _cleanup_close_ int fd = -1;
  struct stat status;

  if (make_and_open (parent_fd, name, path, mode, &fd, &status, error) < 0)
    return -1;
  if (fd < 0 || (status.st_uid != user->uid && status.st_uid != geteuid ())
      || (status.st_mode & too_much) != 0)
    return refuse (path, user->uid, too_much == 077 ? "use" : "write to", error);
  if (status.st_uid != user->uid && fchown (fd, user->uid, user->gid) < 0)
    return vtpm_error_set (error, errno, "cannot hand over %s", path);
  return 0;
}

int
vtpm_base_dirs_make_run (const char *path, const struct vtpm_user *user,
                         struct vtpm_error **error)
{
  return make_for_user (AT_FDCWD, path, path, 0755, user, error);
}

int
vtpm_base_dirs_make_state (const char *state_dir, const struct vtpm_user *user,
                           struct vtpm_error **error)
{
  _cleanup_free_ char *instances = NULL;
  _cleanup_close_ int fd = -1;
  struct stat status;

  if (make_and_open (AT_FDCWD, state_dir, state_dir, 0755, &fd, &status, error) < 0)
    return -1;
  if (fd < 0 || status.st_uid != geteuid () || (status.st_mode & 022) != 0)
    return refuse (state_dir, geteuid (), "write to", error);
  if (asprintf (&instances, "%s/instances", state_dir) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make %s/instances", state_dir);
  return make_for_user (fd, "instances", instances, 0700, user, error);
}
