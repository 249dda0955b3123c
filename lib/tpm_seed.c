/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_seed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
vtpm_tpm_seed_create (int *fd, struct vtpm_error **error)
{
  _cleanup_close_ int made = memfd_create ("oci-vtpm-seed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (made < 0 || ftruncate (made, (off_t) VTPM_TPM_SEED_MAX) < 0)
    return vtpm_error_set (error, errno, "cannot make a memory file for a new TPM");
  *fd = vtpm_steal_fd (&made);
  return 0;
}

int
vtpm_tpm_seed_map (int fd, uint8_t **mapped, struct vtpm_error **error)
{
  void *memory = mmap (NULL, VTPM_TPM_SEED_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

  if (memory == MAP_FAILED)
    return vtpm_error_set (error, errno, "cannot map the memory for a new TPM");
  *mapped = memory;
  return 0;
}

int
vtpm_tpm_seed_fill (uint8_t *mapped, const struct vtpm_secret_bytes *permanent,
                    struct vtpm_error **error)
{
  if (permanent->size > VTPM_TPM_SEED_MAX)
    return vtpm_error_set_plain (error, EFBIG, "the TPM's state has %zu bytes", permanent->size);
  memcpy (mapped, permanent->data, permanent->size);
  return 0;
}

int
vtpm_tpm_seed_seal (int fd, size_t size, struct vtpm_error **error)
{
  if (size > VTPM_TPM_SEED_MAX)
    return vtpm_error_set_plain (error, EINVAL, "%zu bytes are no TPM's state", size);
  if (ftruncate (fd, (off_t) size) < 0 || fcntl (fd, F_ADD_SEALS, SEALS) < 0)
    return vtpm_error_set (error, errno, "cannot seal the memory file of a new TPM");
  return 0;
}

int
vtpm_tpm_seed_create_empty (int *fd, struct vtpm_error **error)
{
  _cleanup_close_ int made = -1;

  if (vtpm_tpm_seed_create (&made, error) < 0 || vtpm_tpm_seed_seal (made, 0, error) < 0)
    return -1;
  *fd = vtpm_steal_fd (&made);
  return 0;
}

static int
check (int fd, size_t *size, struct vtpm_error **error)
{
  struct stat status;
  int seals = fcntl (fd, F_GET_SEALS);

  if (seals < 0 || (seals & SEALS) != SEALS)
    return vtpm_error_set_plain (error, EINVAL, "descriptor %d is no sealed memory file", fd);
  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot read a new TPM's state");
  if (status.st_size > (off_t) VTPM_TPM_SEED_MAX)
    return vtpm_error_set_plain (error, EINVAL, "%lld bytes are no TPM's state",
                                 (long long) status.st_size);
  *size = (size_t) status.st_size;
  return 0;
}

int
vtpm_tpm_seed_read (int fd, struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes found = { 0 };
  ssize_t got;

  if (check (fd, &found.size, error) < 0)
    return -1;
  if (found.size > 0)
    {
      found.data = malloc (found.size);
      if (found.data == NULL)
        return vtpm_error_set (error, ENOMEM, "cannot read a new TPM's state");
      got = pread (fd, found.data, found.size, 0);
      if (got != (ssize_t) found.size)
        return vtpm_error_set (error, got < 0 ? errno : EIO, "cannot read a new TPM's state");
    }
  *permanent = vtpm_secret_bytes_steal (&found);
  return 0;
}
