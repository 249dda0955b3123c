/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "rundir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "certificate_request.h"
#include "whole_file.h"

/* What is being written.  */
#define TEMPORARY "tmp"
#define LISTEN_BACKLOG 16

/* Not allowed in a container's id.  */
#define ENDING_PREFIX "~"

static const char *const contents[] = {
  VTPM_RUNDIR_CONTROL,
  VTPM_RUNDIR_RECORD,
  TEMPORARY,
};

static int
open_base (const char *base, int *fd, struct vtpm_error **error)
{
  *fd = open (base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", base);
  return 0;
}

static int
open_below (int base_fd, const char *base, const char *id, int *dir_fd, struct vtpm_error **error)
{
  *dir_fd = openat (base_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (*dir_fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s/%s", base, id);
  return 0;
}

int
vtpm_rundir_open (const char *base, const char *id, int *dir_fd, struct vtpm_error **error)
{
  _cleanup_close_ int base_fd = -1;

  if (open_base (base, &base_fd, error) < 0)
    return -1;
  return open_below (base_fd, base, id, dir_fd, error);
}

/* Whether the directory is still the one that its name leads to: between our
   open and our lock the last owner may have renamed or removed it.  */
static bool
is_in_place (int base_fd, const char *id, int dir_fd)
{
  struct stat ours, named;

  return fstat (dir_fd, &ours) == 0 && fstatat (base_fd, id, &named, AT_SYMLINK_NOFOLLOW) == 0
         && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static void
name_ek (enum vtpm_key_type type, char name[VTPM_RUNDIR_EK_SIZE])
{
  snprintf (name, VTPM_RUNDIR_EK_SIZE, VTPM_RUNDIR_EK_PREFIX "%s" VTPM_RUNDIR_EK_SUFFIX,
            vtpm_key_type_name (type));
}

static int
remove_contents (const char *base, const char *id, int dir_fd, struct vtpm_error **error)
{
  for (size_t i = 0; i < sizeof (contents) / sizeof (contents[0]); i++)
    if (unlinkat (dir_fd, contents[i], 0) < 0 && errno != ENOENT)
      return vtpm_error_set (error, errno, "cannot remove %s/%s/%s", base, id, contents[i]);
  for (int type = 0; type < VTPM_KEY_TYPE_COUNT; type++)
    {
      char name[VTPM_RUNDIR_EK_SIZE];

      name_ek ((enum vtpm_key_type) type, name);
      if (unlinkat (dir_fd, name, 0) < 0 && errno != ENOENT)
        return vtpm_error_set (error, errno, "cannot remove %s/%s/%s", base, id, name);
    }
  return 0;
}

int
vtpm_rundir_create (const char *base, const char *id, int *dir_fd, struct vtpm_error **error)
{
  _cleanup_close_ int base_fd = -1;

  if (open_base (base, &base_fd, error) < 0)
    return -1;
  for (;;)
    {
      _cleanup_close_ int fd = -1;

      if (mkdirat (base_fd, id, 0700) < 0 && errno != EEXIST)
        return vtpm_error_set (error, errno, "cannot make %s/%s", base, id);
      fd = openat (base_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0 && errno == ENOENT)
        continue;
      if (fd < 0)
        return vtpm_error_set (error, errno, "cannot open %s/%s", base, id);
      if (flock (fd, LOCK_EX | LOCK_NB) < 0)
        return vtpm_error_set_plain (error, EBUSY, "%s/%s is in use by another supervisor", base,
                                     id);
      if (!is_in_place (base_fd, id, fd))
        continue;
      if (remove_contents (base, id, fd, error) < 0)
        return -1;
      *dir_fd = vtpm_steal_fd (&fd);
      return 0;
    }
}

/* Removes a directory under its ending name, left there by an owner that was
   killed while it ended.  */
static void
remove_leftover (int base_fd, const char *base, const char *ending)
{
  _cleanup_close_ int fd
      = openat (base_fd, ending, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd >= 0 && remove_contents (base, ending, fd, NULL) == 0)
    unlinkat (base_fd, ending, AT_REMOVEDIR);
}

/* The directory first takes a name that no container has: whoever looks for
   the container's sees it complete or not at all, never half removed.  */
int
vtpm_rundir_remove (const char *base, const char *id, int dir_fd, struct vtpm_error **error)
{
  _cleanup_free_ char *ending = NULL;
  _cleanup_close_ int base_fd = -1;

  if (open_base (base, &base_fd, error) < 0)
    return -1;
  if (asprintf (&ending, ENDING_PREFIX "%s", id) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot remove %s/%s", base, id);
  remove_leftover (base_fd, base, ending);
  if (renameat (base_fd, id, base_fd, ending) < 0)
    return errno == ENOENT ? 0
                           : vtpm_error_set (error, errno, "cannot remove %s/%s", base, id);
  if (remove_contents (base, ending, dir_fd, error) < 0)
    return -1;
  if (unlinkat (base_fd, ending, AT_REMOVEDIR) < 0)
    return vtpm_error_set (error, errno, "cannot remove %s/%s", base, ending);
  return 0;
}

int
vtpm_rundir_sweep (const char *base, const char *id, bool *live, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_close_ int base_fd = -1;
  _cleanup_close_ int dir_fd = -1;

  *live = false;
  if (open_base (base, &base_fd, &problem) < 0
      || open_below (base_fd, base, id, &dir_fd, &problem) < 0)
    return vtpm_error_errnum (problem) == ENOENT ? 0 : vtpm_error_pass (error, &problem);
  if (flock (dir_fd, LOCK_EX | LOCK_NB) < 0)
    {
      *live = true;
      return 0;
    }
  return is_in_place (base_fd, id, dir_fd) ? vtpm_rundir_remove (base, id, dir_fd, error) : 0;
}

/* A socket's address has room for 107 bytes, and an id may have 254: the
   address is relative to the directory.  The way through /proc/self/fd is
   closed to a process that is not dumpable.  */
int
vtpm_rundir_listen (int dir_fd, int *listen_fd, struct vtpm_error **error)
{
  const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = VTPM_RUNDIR_CONTROL };
  _cleanup_close_ int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int result;

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot make the control socket");
  if (fchdir (dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot enter the run-time directory");
  result = bind (fd, (const struct sockaddr *) &address, sizeof (address));
  if (result < 0)
    vtpm_error_set (error, errno, "cannot bind the control socket");
  if (chdir ("/") < 0 && result == 0)
    return vtpm_error_set (error, errno, "cannot leave the run-time directory");
  if (result < 0)
    return -1;
  if (listen (fd, LISTEN_BACKLOG) < 0)
    return vtpm_error_set (error, errno, "cannot listen on the control socket");
  *listen_fd = vtpm_steal_fd (&fd);
  return 0;
}

int
vtpm_rundir_connect (int dir_fd, int fd, struct vtpm_error **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  snprintf (address.sun_path, sizeof (address.sun_path), "/proc/self/fd/%d/" VTPM_RUNDIR_CONTROL,
            dir_fd);
  if (connect (fd, (const struct sockaddr *) &address, sizeof (address)) < 0)
    return vtpm_error_set (error, errno, "cannot connect to the control socket");
  return 0;
}

static int
write_whole (int fd, const uint8_t *data, size_t size)
{
  while (size > 0)
    {
      ssize_t written = write (fd, data, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return -1;
      data += written;
      size -= (size_t) written;
    }
  return 0;
}

static int
write_file (int dir_fd, const char *name, const uint8_t *data, size_t size,
            struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (dir_fd, TEMPORARY,
                                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0 || write_whole (fd, data, size) < 0)
    return vtpm_error_set (error, errno, "cannot write %s", name);
  if (renameat (dir_fd, TEMPORARY, dir_fd, name) < 0)
    return vtpm_error_set (error, errno, "cannot put %s in place", name);
  return 0;
}

int
vtpm_rundir_write_record (int dir_fd, const char *text, size_t length, struct vtpm_error **error)
{
  return write_file (dir_fd, VTPM_RUNDIR_RECORD, (const uint8_t *) text, length, error);
}

int
vtpm_rundir_write_ek (int dir_fd, enum vtpm_key_type type, const uint8_t *certificate, size_t size,
                      struct vtpm_error **error)
{
  char name[VTPM_RUNDIR_EK_SIZE];

  name_ek (type, name);
  return write_file (dir_fd, name, certificate, size, error);
}

int
vtpm_rundir_read_ek (int dir_fd, enum vtpm_key_type type, uint8_t *certificate, size_t *size,
                     struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_close_ int fd = -1;
  char name[VTPM_RUNDIR_EK_SIZE];

  name_ek (type, name);
  *size = 0;
  fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? 0 : vtpm_error_set (error, errno, "cannot open %s", name);
  if (vtpm_whole_file_read (fd, VTPM_CERTIFICATE_MAX, name, &bytes, error) < 0)
    return -1;
  memcpy (certificate, bytes.data, bytes.size);
  *size = bytes.size;
  return 0;
}
