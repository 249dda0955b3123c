/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "transfer_source.h"

#include <fcntl.h>

#include "native_file.h"
#include "permanent_state.h"
#include "swtpm_dir.h"
#include "swtpm_file.h"
#include "whole_file.h"

void
vtpm_transfer_source_clear (struct vtpm_transfer_source *source)
{
  vtpm_secret_bytes_clear (&source->file);
}

static int
read_directory (int fd, struct vtpm_transfer_source *source, struct vtpm_error **error)
{
  struct vtpm_swtpm_state state = { 0 };

  if (source->format == VTPMCTL_FORMAT_NATIVE)
    return vtpm_error_set_plain (error, EISDIR, "%s is a directory, and no file in native format",
                                 source->path);
  if (vtpm_swtpm_dir_read (fd, source->path, &state, error) < 0)
    return -1;
  source->format = VTPMCTL_FORMAT_SWTPM;
  source->file = state.file;
  source->is_directory = true;
  source->version = state.version;
  source->has_volatile = state.has_volatile;
  return 0;
}

static int
read_file (int fd, struct vtpm_transfer_source *source, struct vtpm_error **error)
{
  struct vtpm_secret_bytes *file = &source->file;

  if (vtpm_whole_file_read (fd, VTPM_STATE_FILE_MAX, source->path, file, error) < 0)
    return -1;
  if (source->format != VTPMCTL_FORMAT_UNSET)
    return 0;
  if (vtpm_native_file_looks_like_one (file->data, file->size))
    source->format = VTPMCTL_FORMAT_NATIVE;
  else if (vtpm_swtpm_file_looks_like_one (file->data, file->size))
    source->format = VTPMCTL_FORMAT_SWTPM;
  else
    return vtpm_error_set_plain (error, EILSEQ,
                                 "%s is neither a copy in native format nor a state file of swtpm",
                                 source->path);
  return 0;
}

int
vtpm_transfer_source_read (const char *path, enum vtpmctl_format format,
                           struct vtpm_transfer_source *source, struct vtpm_error **error)
{
  _cleanup_transfer_source_ struct vtpm_transfer_source made = { .path = path, .format = format };
  _cleanup_close_ int fd = open (path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
  struct stat status;
  int result;

  if (fd < 0 || fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  result = S_ISDIR (status.st_mode) ? read_directory (fd, &made, error)
                                    : read_file (fd, &made, error);
  if (result < 0)
    return -1;
  *source = made;
  made.file = (struct vtpm_secret_bytes) { 0 };
  return 0;
}

static int
open_native (const struct vtpm_transfer_source *source, const struct vtpm_transfer_secret *secret,
             const struct vtpm_host_keys *keys, enum vtpm_tpm_version *version,
             struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys given = { .count = 1 };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  if (secret->kind == VTPM_TRANSFER_NO_SECRET)
    return vtpm_native_file_open (&source->file, source->path, keys, version, permanent, error);
  if (vtpm_transfer_secret_to_host_key (secret, given.key[0], error) < 0)
    return -1;
  if (vtpm_native_file_open (&source->file, source->path, &given, version, permanent, &problem)
      == 0)
    return 0;
  if (vtpm_error_errnum (problem) == VTPM_STATE_WRONG_KEY)
    return vtpm_error_set_plain (error, VTPM_STATE_WRONG_KEY,
                                 "%s is encrypted under another key than the one given",
                                 source->path);
  return vtpm_error_pass (error, &problem);
}

static int
open_swtpm (const struct vtpm_transfer_source *source, const struct vtpm_transfer_secret *secret,
            enum vtpm_tpm_version *version, struct vtpm_secret_bytes *permanent,
            struct vtpm_error **error)
{
  if (vtpm_swtpm_file_open (source->file.data, source->file.size, source->path, secret, permanent,
                            error)
          < 0
      || vtpm_permanent_state_version (permanent, source->path, version, error) < 0)
    return -1;
  if (source->is_directory && *version != source->version)
    return vtpm_error_set_plain (error, EPROTOTYPE, "%s: the file of a TPM %s holds a TPM %s",
                                 source->path, vtpm_tpm_version_name (source->version),
                                 vtpm_tpm_version_name (*version));
  return 0;
}

int
vtpm_transfer_source_open (const struct vtpm_transfer_source *source,
                           const struct vtpm_transfer_secret *secret,
                           const struct vtpm_host_keys *keys, enum vtpm_tpm_version *version,
                           struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  return source->format == VTPMCTL_FORMAT_NATIVE
             ? open_native (source, secret, keys, version, permanent, error)
             : open_swtpm (source, secret, version, permanent, error);
}
