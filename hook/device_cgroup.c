/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "cgroup_paths.h"
#include "device_cgroup_internal.h"

struct vtpm_device_cgroup
{
  const struct vtpm_device_cgroup_ops *ops;
  struct vtpm_cgroup_location location;
  int fd;
  struct vtpm_device_grant *grant;
};

static const struct vtpm_device_cgroup_ops *const versions[] = {
  [VTPM_CGROUP_V1] = &vtpm_device_cgroup_v1,
  [VTPM_CGROUP_V2] = &vtpm_device_cgroup_v2,
};

/* Reads all of a text file in /proc; PATH may be relative to DIR_FD.  */
static int
read_proc (int dir_fd, const char *path, char **text, struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (dir_fd, path, O_RDONLY | O_CLOEXEC);
  _cleanup_fclose_ FILE *stream = NULL;
  _cleanup_free_ char *all = NULL;
  size_t size = 0;

  if (fd < 0 || (stream = fdopen (fd, "r")) == NULL)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  vtpm_steal_fd (&fd);
  if (getdelim (&all, &size, '\0', stream) < 0)
    return vtpm_error_set (error, ferror (stream) ? errno : EINVAL, "cannot read %s", path);
  *text = vtpm_steal_pointer (&all);
  return 0;
}

static int
locate (int proc_fd, struct vtpm_cgroup_location *location, struct vtpm_error **error)
{
  _cleanup_free_ char *mountinfo = NULL;
  _cleanup_free_ char *cgroup = NULL;

  if (read_proc (AT_FDCWD, "/proc/self/mountinfo", &mountinfo, error) < 0)
    return -1;
  if (read_proc (proc_fd, "cgroup", &cgroup, error) < 0)
    return vtpm_error_wrap (error, "/proc of the container's init");
  return vtpm_cgroup_locate (mountinfo, cgroup, location, error);
}

static int
open_directory (const struct vtpm_cgroup_location *location, int *dir_fd, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (location->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot open the container's cgroup %s", location->path);
  if (status.st_dev != location->device)
    return vtpm_error_set_plain (
        error, EINVAL, "the container's cgroup %s is hidden by another mount", location->path);
  *dir_fd = vtpm_steal_fd (&fd);
  return 0;
}

int
vtpm_device_cgroup_open (int proc_fd, struct vtpm_device_cgroup **cgroup, struct vtpm_error **error)
{
  _cleanup_device_cgroup_ struct vtpm_device_cgroup *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "the container's cgroup");
  made->fd = -1;
  if (locate (proc_fd, &made->location, error) < 0
      || open_directory (&made->location, &made->fd, error) < 0)
    return -1;
  made->ops = versions[made->location.version];
  *cgroup = vtpm_steal_pointer (&made);
  return 0;
}

int
vtpm_device_cgroup_allow (struct vtpm_device_cgroup *cgroup,
                          const struct vtpm_device_number *numbers, size_t count,
                          struct vtpm_error **error)
{
  if (cgroup->ops->allow (cgroup->fd, cgroup->location.path, numbers, count, &cgroup->grant, error)
      < 0)
    return vtpm_error_wrap (error, "cannot allow the vTPM in the container's cgroup %s",
                            cgroup->location.path);
  return 0;
}

void
vtpm_device_cgroup_undo (struct vtpm_device_cgroup *cgroup)
{
  if (cgroup->grant == NULL)
    return;
  cgroup->ops->take_back (cgroup->fd, cgroup->location.path, cgroup->grant);
  cgroup->ops->free_grant (cgroup->grant);
  cgroup->grant = NULL;
}

void
vtpm_device_cgroup_free (struct vtpm_device_cgroup *cgroup)
{
  if (cgroup == NULL)
    return;
  if (cgroup->ops != NULL)
    cgroup->ops->free_grant (cgroup->grant);
  vtpm_cleanup_close (&cgroup->fd);
  vtpm_cgroup_location_clear (&cgroup->location);
  free (cgroup);
}
