/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TRANSFER_SOURCE_H
#define OCI_VTPM_TRANSFER_SOURCE_H

/*
 * What an instance is imported from: read first, with the rights that this takes,
 * and understood later, without any.
 */

#include "host_key.h"
#include "secret_bytes.h"
#include "tpm_version.h"
#include "transfer_secret.h"
#include "vtpmctl.h"

struct vtpm_transfer_source
{
  const char *path;
  enum vtpmctl_format format;   /* never VTPMCTL_FORMAT_UNSET */
  struct vtpm_secret_bytes file;
  bool is_directory;            /* of swtpm */
  enum vtpm_tpm_version version; /* that the directory says */
  bool has_volatile;            /* the directory holds what does not move */
};

/* Reads a file or swtpm's state directory.  FORMAT is what it has to be; where that is
   unset, it is what it looks like.  The caller clears *SOURCE.  */
int vtpm_transfer_source_read (const char *path, enum vtpmctl_format format,
                               struct vtpm_transfer_source *source, struct vtpm_error **error);

void vtpm_transfer_source_clear (struct vtpm_transfer_source *source);

#define _cleanup_transfer_source_ VTPM_CLEANUP (vtpm_transfer_source_clear)

/* Takes the permanent state out of it.  KEYS are this host's, for a copy in native
   format without a secret.  The caller clears *PERMANENT.  */
int vtpm_transfer_source_open (const struct vtpm_transfer_source *source,
                               const struct vtpm_transfer_secret *secret,
                               const struct vtpm_host_keys *keys, enum vtpm_tpm_version *version,
                               struct vtpm_secret_bytes *permanent, struct vtpm_error **error);

#endif
