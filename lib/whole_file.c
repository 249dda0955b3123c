/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "whole_file.h"

#include <fcntl.h>

#define FIRST_SIZE 8192

/* realloc() would leave the old copy behind.  */
static int
grow (struct vtpm_secret_bytes *bytes, size_t *capacity)
{
  struct vtpm_secret_bytes old = *bytes;
  size_t larger = *capacity == 0 ? FIRST_SIZE : *capacity * 2;
  uint8_t *data = malloc (larger);

  if (data == NULL)
    return -1;
  if (old.size > 0)
    memcpy (data, old.data, old.size);
  *bytes = (struct vtpm_secret_bytes) { data, old.size };
  vtpm_secret_bytes_clear (&old);
  *capacity = larger;
  return 0;
}

int
vtpm_whole_file_read (int fd, size_t limit, const char *what, struct vtpm_secret_bytes *bytes,
                      struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes made = { 0 };
  size_t capacity = 0;

  for (;;)
    {
      ssize_t got;

      if (made.size == capacity && grow (&made, &capacity) < 0)
        return vtpm_error_set (error, ENOMEM, "%s", what);
      got = read (fd, made.data + made.size, capacity - made.size);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return vtpm_error_set (error, errno, "cannot read %s", what);
      if (got == 0)
        break;
      made.size += (size_t) got;
      if (made.size > limit)
        return vtpm_error_set_plain (error, EFBIG, "%s is larger than %zu bytes", what, limit);
    }
  *bytes = vtpm_secret_bytes_steal (&made);
  return 0;
}

static int
write_whole (int fd, const struct vtpm_secret_bytes *bytes)
{
  for (size_t done = 0; done < bytes->size;)
    {
      ssize_t written = write (fd, bytes->data + done, bytes->size - done);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return -1;
      done += (size_t) written;
    }
  return 0;
}

/* Not every file system that somebody may want to export to can do that.  */
static int
sync_directory (int dir_fd)
{
  return fsync (dir_fd) < 0 && errno != EINVAL ? -1 : 0;
}

int
vtpm_whole_file_create (int dir_fd, const char *name, mode_t mode, const struct stat *owner,
                        const struct vtpm_secret_bytes *bytes, const char *what,
                        struct vtpm_error **error)
{
  _cleanup_close_ int fd
      = openat (dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot make %s", what);
  if (write_whole (fd, bytes) == 0
      && (owner == NULL || fchown (fd, owner->st_uid, owner->st_gid) == 0)
      && fchmod (fd, mode) == 0 && fsync (fd) == 0 && sync_directory (dir_fd) == 0)
    return 0;
  vtpm_error_set (error, errno, "cannot write %s", what);
  unlinkat (dir_fd, name, 0);
  return -1;
}
