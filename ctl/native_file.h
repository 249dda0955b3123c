/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_NATIVE_FILE_H
#define OCI_VTPM_NATIVE_FILE_H

/*
 * A copy of an instance in our own format, which is that of the instance's own state
 * file (state_file.h), under a key of its own or under a host key.
 */

#include "secret_bytes.h"
#include "state_file.h"

/* Whether a file begins like one; it may be damaged all the same.  */
bool vtpm_native_file_looks_like_one (const uint8_t *file, size_t size);

/* Takes the TPM's permanent state out of FILE, which is encrypted under one of KEYS.
   Errors are those of enum vtpm_state_fault.  The caller clears *PERMANENT.  */
int vtpm_native_file_open (const struct vtpm_secret_bytes *file, const char *what,
                           const struct vtpm_host_keys *keys, enum vtpm_tpm_version *version,
                           struct vtpm_secret_bytes *permanent, struct vtpm_error **error);

/* Makes a file, encrypted under KEY.  HEADER is of the instance that is copied.  The
   caller clears *FILE.  */
int vtpm_native_file_make (const struct vtpm_state_header *header,
                           const uint8_t key[VTPM_HOST_KEY_SIZE], enum vtpm_tpm_version version,
                           const struct vtpm_secret_bytes *permanent,
                           struct vtpm_secret_bytes *file, struct vtpm_error **error);

#endif
