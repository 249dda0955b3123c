/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_dir.h"

#include <fcntl.h>

#include "state_file.h"
#include "whole_file.h"

#define LOCK_NAME ".lock"
#define FILE_MODE 0640
#define VERSION_COUNT 2

static const struct
{
  const char *permanent;
  const char *others[2];
} names[VERSION_COUNT] = {
  [VTPM_TPM_2_0] = { "tpm2-00.permall", { "tpm2-00.volatilestate", "tpm2-00.savestate" } },
  [VTPM_TPM_1_2] = { "tpm-00.permall", { "tpm-00.volatilestate", "tpm-00.savestate" } },
};

/* Takes the lock that a running swtpm holds, if there is one: it is not made,
   because swtpm could not open a file of ours.  */
static int
take_lock (int dir_fd, const char *path, int *lock_fd, struct vtpm_error **error)
{
  struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
  _cleanup_close_ int fd
      = openat (dir_fd, LOCK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    return 0;
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s/" LOCK_NAME, path);
  if (fcntl (fd, F_OFD_SETLK, &whole) < 0)
    return errno == EAGAIN || errno == EACCES
               ? vtpm_error_set_plain (error, EBUSY, "%s is in use by a running swtpm", path)
               : vtpm_error_set (error, errno, "cannot lock %s/" LOCK_NAME, path);
  *lock_fd = vtpm_steal_fd (&fd);
  return 0;
}

static bool
exists (int dir_fd, const char *name)
{
  return faccessat (dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
has_others (int dir_fd, int version)
{
  return exists (dir_fd, names[version].others[0]) || exists (dir_fd, names[version].others[1]);
}

static int
find_version (int dir_fd, const char *path, enum vtpm_tpm_version *version,
              struct vtpm_error **error)
{
  bool is_2_0 = exists (dir_fd, names[VTPM_TPM_2_0].permanent);
  bool is_1_2 = exists (dir_fd, names[VTPM_TPM_1_2].permanent);

  if (!is_2_0 && !is_1_2)
    return vtpm_error_set_plain (error, ENOENT, "%s holds no TPM of swtpm's: neither %s nor %s",
                                 path, names[VTPM_TPM_2_0].permanent,
                                 names[VTPM_TPM_1_2].permanent);
  if (is_2_0 && is_1_2)
    return vtpm_error_set_plain (error, EEXIST, "%s holds two TPMs: %s and %s", path,
                                 names[VTPM_TPM_2_0].permanent, names[VTPM_TPM_1_2].permanent);
  *version = is_2_0 ? VTPM_TPM_2_0 : VTPM_TPM_1_2;
  return 0;
}

int
vtpm_swtpm_dir_read (int dir_fd, const char *path, struct vtpm_swtpm_state *state,
                     struct vtpm_error **error)
{
  _cleanup_close_ int lock_fd = -1;
  _cleanup_close_ int fd = -1;
  _cleanup_free_ char *what = NULL;

  if (take_lock (dir_fd, path, &lock_fd, error) < 0
      || find_version (dir_fd, path, &state->version, error) < 0)
    return -1;
  if (asprintf (&what, "%s/%s", path, names[state->version].permanent) < 0)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  fd = openat (dir_fd, names[state->version].permanent,
               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", what);
  state->has_volatile = has_others (dir_fd, (int) state->version);
  return vtpm_whole_file_read (fd, VTPM_STATE_FILE_MAX, what, &state->file, error);
}

static int
check_empty (int dir_fd, const char *path, struct vtpm_error **error)
{
  for (int version = 0; version < VERSION_COUNT; version++)
    if (exists (dir_fd, names[version].permanent) || has_others (dir_fd, version))
      return vtpm_error_set_plain (error, EEXIST, "%s holds a TPM already", path);
  return 0;
}

static int
write_to (int dir_fd, const char *path, enum vtpm_tpm_version version,
          const struct vtpm_secret_bytes *file, struct vtpm_error **error)
{
  _cleanup_close_ int lock_fd = -1;
  _cleanup_free_ char *what = NULL;
  struct stat owner;

  if (take_lock (dir_fd, path, &lock_fd, error) < 0 || check_empty (dir_fd, path, error) < 0)
    return -1;
  if (fstat (dir_fd, &owner) < 0)
    return vtpm_error_set (error, errno, "cannot look at %s", path);
  if (asprintf (&what, "%s/%s", path, names[version].permanent) < 0)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  return vtpm_whole_file_create (dir_fd, names[version].permanent, FILE_MODE, &owner, file, what,
                                 error);
}

int
vtpm_swtpm_dir_write (const char *path, enum vtpm_tpm_version version,
                      const struct vtpm_secret_bytes *file, struct vtpm_error **error)
{
  bool made = mkdir (path, 0700) == 0;
  _cleanup_close_ int dir_fd = -1;

  if (!made && errno != EEXIST)
    return vtpm_error_set (error, errno, "cannot make %s", path);
  dir_fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (write_to (dir_fd, path, version, file, error) == 0)
    return 0;
  if (made)
    rmdir (path);
  return -1;
}
