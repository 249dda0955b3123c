/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "host_key.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#define PREVIOUS_SUFFIX ".previous"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void
vtpm_host_keys_wipe (struct vtpm_host_keys *keys)
{
  explicit_bzero (keys, sizeof (*keys));
}

static int
check_file (int fd, const char *path, struct vtpm_error **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot look at host key %s", path);
  if (!S_ISREG (status.st_mode))
    return vtpm_error_set_plain (error, EINVAL, "host key %s is not a regular file", path);
  if (status.st_uid != 0 && status.st_uid != geteuid ())
    return vtpm_error_set_plain (error, EPERM, "host key %s belongs to user %u, not to root", path,
                                 (unsigned int) status.st_uid);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return vtpm_error_set_plain (error, EPERM,
                                 "host key %s has mode %04o: group and others must have no access",
                                 path, (unsigned int) status.st_mode & 07777u);
  if (status.st_size != VTPM_HOST_KEY_SIZE)
    return vtpm_error_set_plain (error, EINVAL, "host key %s has %lld bytes, not %d", path,
                                 (long long) status.st_size, VTPM_HOST_KEY_SIZE);
  return 0;
}

/* A symbolic link is followed: what counts is checked on what it leads to.
   O_NONBLOCK: a FIFO is not waited for.  */
static int
read_key (const char *path, struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  ssize_t got;

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open host key %s", path);
  if (check_file (fd, path, error) < 0)
    return -1;
  got = pread (fd, keys->key[keys->count], VTPM_HOST_KEY_SIZE, 0);
  if (got != VTPM_HOST_KEY_SIZE)
    return vtpm_error_set (error, got < 0 ? errno : EIO, "cannot read host key %s", path);
  keys->count++;
  return 0;
}

static int
fetch_file (const char *path, struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_host_keys_ struct vtpm_host_keys fetched = { 0 };
  _cleanup_free_ char *previous = NULL;

  if (asprintf (&previous, "%s" PREVIOUS_SUFFIX, path) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot open host key %s", path);
  if (read_key (path, &fetched, error) < 0)
    return -1;
  if (read_key (previous, &fetched, &problem) < 0 && vtpm_error_errnum (problem) != ENOENT)
    return vtpm_error_pass (error, &problem);
  *keys = fetched;
  return 0;
}

static int
write_key (int fd)
{
  uint8_t key[VTPM_HOST_KEY_SIZE];
  ssize_t written;

  if (getrandom (key, sizeof (key), 0) != sizeof (key))
    return -1;
  written = write (fd, key, sizeof (key));
  explicit_bzero (key, sizeof (key));
  if (written >= 0 && written != sizeof (key))
    errno = ENOSPC;
  return written == sizeof (key) ? fsync (fd) : -1;
}

static int
sync_directory_of (const char *path, struct vtpm_error **error)
{
  _cleanup_free_ char *copy = strdup (path);
  _cleanup_close_ int fd = -1;

  if (copy == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot make host key %s", path);
  fd = open (dirname (copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync (fd) < 0)
    return vtpm_error_set (error, errno, "cannot sync the directory of host key %s", path);
  return 0;
}

/* The key gets its name by link(2), complete and on disk, and only if the name
   is free: of two processes one loses, and takes the winner's.  */
static int
link_new_key (const char *path, char *temporary, struct vtpm_error **error)
{
  _cleanup_close_ int fd = mkostemp (temporary, O_CLOEXEC);
  int result, saved_errno;

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot make host key %s", path);
  result = write_key (fd);
  if (result == 0)
    result = link (temporary, path);
  saved_errno = errno;
  unlink (temporary);
  if (result < 0 && saved_errno != EEXIST)
    return vtpm_error_set (error, saved_errno, "cannot make host key %s", path);
  return sync_directory_of (path, error);
}

/* Where there is a previous key, there was a current one, and instances that
   need it.  */
static int
make_file (const char *path, struct vtpm_error **error)
{
  _cleanup_free_ char *previous = NULL;
  _cleanup_free_ char *temporary = NULL;

  if (asprintf (&previous, "%s" PREVIOUS_SUFFIX, path) < 0
      || asprintf (&temporary, "%s.XXXXXX", path) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make host key %s", path);
  if (access (previous, F_OK) == 0)
    return vtpm_error_set_plain (error, ENOENT,
                                 "host key %s is missing, but %s is there; it is not made anew",
                                 path, previous);
  return link_new_key (path, temporary, error);
}

static int
fetch_credential (const char *name, struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  const char *directory = secure_getenv ("CREDENTIALS_DIRECTORY");
  _cleanup_free_ char *path = NULL;

  if (name[0] == '\0' || name[0] == '.' || strchr (name, '/') != NULL)
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not the name of a credential", name);
  if (directory == NULL)
    return vtpm_error_set_plain (error, ENOENT,
                                 "no credential %s: CREDENTIALS_DIRECTORY is not set", name);
  if (asprintf (&path, "%s/%s", directory, name) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot open credential %s", name);
  return fetch_file (path, keys, error);
}

static const struct vtpm_host_key_source sources[] = {
  { "file", fetch_file, make_file },
  { "credential", fetch_credential, NULL },
};

const struct vtpm_host_key_source *
vtpm_host_key_source_find (const char *name)
{
  for (size_t i = 0; i < sizeof (sources) / sizeof (sources[0]); i++)
    if (strcmp (name, sources[i].name) == 0)
      return &sources[i];
  return NULL;
}

int
vtpm_host_keys_get (const struct vtpm_host_key_source *source, const char *location,
                    struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;

  if (source->fetch (location, keys, &problem) == 0)
    return 0;
  if (vtpm_error_errnum (problem) != ENOENT || source->make == NULL)
    return vtpm_error_pass (error, &problem);
  if (source->make (location, error) < 0)
    return -1;
  return source->fetch (location, keys, error);
}

int
vtpm_host_keys_to_fd (const struct vtpm_host_keys *keys, int *fd, struct vtpm_error **error)
{
  _cleanup_close_ int made = memfd_create ("oci-vtpm-host-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  size_t size = keys->count * VTPM_HOST_KEY_SIZE;

  if (made < 0 || write (made, keys->key, size) != (ssize_t) size
      || fcntl (made, F_ADD_SEALS, SEALS) < 0)
    return vtpm_error_set (error, errno, "cannot make a memory file for host keys");
  *fd = vtpm_steal_fd (&made);
  return 0;
}

/* Does not depend on the descriptor's position, which processes may share.  */
int
vtpm_host_keys_from_fd (int fd, struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys fetched = { 0 };
  struct stat status;
  ssize_t got;

  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot read the host keys");
  if (status.st_size <= 0 || status.st_size % VTPM_HOST_KEY_SIZE != 0
      || status.st_size / VTPM_HOST_KEY_SIZE > VTPM_HOST_KEYS_MAX)
    return vtpm_error_set_plain (error, EINVAL, "%lld bytes are not 1 to %d host keys",
                                 (long long) status.st_size, VTPM_HOST_KEYS_MAX);
  got = pread (fd, fetched.key, (size_t) status.st_size, 0);
  if (got != status.st_size)
    return vtpm_error_set (error, got < 0 ? errno : EIO, "cannot read the host keys");
  fetched.count = (size_t) status.st_size / VTPM_HOST_KEY_SIZE;
  *keys = fetched;
  return 0;
}
