/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_lock.h"

#include <fcntl.h>
#include <string.h>

#include "names.h"

int
vtpm_instance_lock_in_use (const struct vtpm_instance_id *id, const char *holder,
                           struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EBUSY, "instance %s/%s is in use by %s", id->scope, id->name,
                               holder);
}

/* Between the taking of a lock and the writing of its first line there is
   none.  */
static void
read_line (int fd, char holder[VTPM_INSTANCE_HOLDER_SIZE])
{
  char line[VTPM_INSTANCE_HOLDER_SIZE];
  ssize_t length = pread (fd, line, sizeof (line) - 1, 0);

  line[length > 0 ? length : 0] = '\0';
  line[strcspn (line, "\n")] = '\0';
  vtpm_name_quote (line[0] != '\0' ? line : "another process", holder, VTPM_INSTANCE_HOLDER_SIZE);
}

/* Over the old line, not after emptying the file: a reader never sees less than
   one line.  A line that is another holder's would be worse than none.  */
static void
write_line (int fd, const char *holder)
{
  char line[VTPM_INSTANCE_HOLDER_SIZE];
  int length = snprintf (line, sizeof (line), "%s\n", holder);

  if ((length >= (int) sizeof (line) || pwrite (fd, line, (size_t) length, 0) != length
       || ftruncate (fd, length) < 0)
      && ftruncate (fd, 0) < 0)
    return;
}

int
vtpm_instance_lock_take (int lock_fd, const struct vtpm_instance_id *id, const char *holder,
                         struct vtpm_error **error)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  char other[VTPM_INSTANCE_HOLDER_SIZE];

  if (fcntl (lock_fd, F_OFD_SETLK, &whole) == 0)
    {
      write_line (lock_fd, holder);
      return 0;
    }
  if (errno != EAGAIN && errno != EACCES)
    return vtpm_error_set (error, errno, "cannot lock instance %s/%s", id->scope, id->name);
  read_line (lock_fd, other);
  return vtpm_instance_lock_in_use (id, other, error);
}

int
vtpm_instance_lock_look (int lock_fd, char holder[VTPM_INSTANCE_HOLDER_SIZE],
                         struct vtpm_error **error)
{
  struct flock held = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  holder[0] = '\0';
  if (fcntl (lock_fd, F_OFD_GETLK, &held) < 0)
    return vtpm_error_set (error, errno, "cannot look at a lock");
  if (held.l_type != F_UNLCK)
    read_line (lock_fd, holder);
  return 0;
}

/* Opens the lock file, following no link below STATE_DIR.  *FD is -1 where there
   is none.  */
static int
open_to_look (const char *state_dir, const struct vtpm_instance_id *id, int *fd,
              struct vtpm_error **error)
{
  const char *const steps[] = { "instances", id->scope, id->name };
  _cleanup_close_ int dir_fd = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

  for (size_t i = 0; i < sizeof (steps) / sizeof (steps[0]) && dir_fd >= 0; i++)
    {
      int next_fd = openat (dir_fd, steps[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      vtpm_cleanup_close (&dir_fd);
      dir_fd = next_fd;
    }
  *fd = dir_fd < 0 ? -1
                   : openat (dir_fd, VTPM_INSTANCE_LOCK,
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (*fd < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot open %s/instances/%s/%s/" VTPM_INSTANCE_LOCK,
                           state_dir, id->scope, id->name);
  return 0;
}

int
vtpm_instance_lock_holder (const char *state_dir, const struct vtpm_instance_id *id,
                           char holder[VTPM_INSTANCE_HOLDER_SIZE], struct vtpm_error **error)
{
  _cleanup_close_ int fd = -1;

  holder[0] = '\0';
  if (open_to_look (state_dir, id, &fd, error) < 0)
    return -1;
  if (fd < 0 || vtpm_instance_lock_look (fd, holder, error) == 0)
    return 0;
  return vtpm_error_wrap (error, "instance %s/%s", id->scope, id->name);
}
