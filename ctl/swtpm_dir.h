/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SWTPM_DIR_H
#define OCI_VTPM_SWTPM_DIR_H

/*
 * swtpm's state directory (swtpm(8), --tpmstate dir=): the files
 * tpm2-00.permall, tpm2-00.volatilestate and tpm2-00.savestate of a TPM 2.0,
 * tpm-00.* of a TPM 1.2, and .lock, which a running swtpm has locked (fcntl(2)).
 *
 * Only the permanent state moves.  The volatile state is of a TPM that was
 * stopped in the middle, and belongs to one permanent state: a directory that
 * holds some is none to write another TPM to.
 *
 * The directory may belong to swtpm's unprivileged user: nothing in it is followed
 * if it is a symbolic link.
 */

#include <stdbool.h>

#include "error.h"
#include "secret_bytes.h"
#include "tpm_version.h"

struct vtpm_swtpm_state
{
  enum vtpm_tpm_version version;
  struct vtpm_secret_bytes file; /* see swtpm_file.h; the caller clears it */
  bool has_volatile;             /* there is volatile or saved state too */
};

/* Reads the directory DIR_FD, called PATH in messages.  Errors: EBUSY, a swtpm is
   running on it; ENOENT, no TPM in it; EEXIST, two.  */
int vtpm_swtpm_dir_read (int dir_fd, const char *path, struct vtpm_swtpm_state *state,
                         struct vtpm_error **error);

/* Writes FILE to the directory PATH, which is made (0700) where it does not exist.
   The file belongs to the directory's owner and has swtpm's mode, 0640.  Errors:
   EBUSY, EEXIST: there is a TPM in it already.  If it fails, nothing is left.  */
int vtpm_swtpm_dir_write (const char *path, enum vtpm_tpm_version version,
                          const struct vtpm_secret_bytes *file, struct vtpm_error **error);

#endif
