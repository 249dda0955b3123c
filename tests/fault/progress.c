/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "progress.h"

#include <fcntl.h>
#include <sys/mman.h>

static int
map (int fd, int protection, const char *path, void **mapped, struct vtpm_error **error)
{
  *mapped = mmap (NULL, sizeof (progress_counter), protection, MAP_SHARED, fd, 0);
  if (*mapped == MAP_FAILED)
    return vtpm_error_set (error, errno, "cannot map %s", path);
  return 0;
}

int
progress_make (const char *path, progress_counter **counter, struct vtpm_error **error)
{
  char temporary[256];
  _cleanup_close_ int fd = -1;
  void *mapped;

  snprintf (temporary, sizeof (temporary), "%s.new", path);
  fd = open (temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate (fd, sizeof (progress_counter)) < 0)
    return vtpm_error_set (error, errno, "cannot make %s", temporary);
  if (map (fd, PROT_READ | PROT_WRITE, path, &mapped, error) < 0)
    return -1;
  if (rename (temporary, path) < 0)
    return vtpm_error_set (error, errno, "cannot make %s", path);
  *counter = mapped;
  return 0;
}

int
progress_open (const char *path, const progress_counter **counter, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);
  void *mapped;

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (map (fd, PROT_READ, path, &mapped, error) < 0)
    return -1;
  *counter = mapped;
  return 0;
}
