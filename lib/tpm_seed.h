/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TPM_SEED_H
#define OCI_VTPM_TPM_SEED_H

/*
 * A TPM's first permanent state, handed from the process that has made it to the one
 * that will keep it: memory of a fixed size (a memfd), which is cut to what was
 * written and sealed before anybody reads it.  An empty one means that there is no
 * such state, and that the TPM is made by its emulator.
 */

#include "error.h"
#include "secret_bytes.h"

/* Far more than libtpms' state ever takes; memory is used as it is written.  */
#define VTPM_TPM_SEED_MAX ((size_t) 1 << 20)

/* Makes one of VTPM_TPM_SEED_MAX bytes to write to, close-on-exec.  */
int vtpm_tpm_seed_create (int *fd, struct vtpm_error **error);

/* Puts PERMANENT into it.  Writes no file, so that a sandbox can do it: FD is mapped
   already, as MAPPED.  */
int vtpm_tpm_seed_map (int fd, uint8_t **mapped, struct vtpm_error **error);
int vtpm_tpm_seed_fill (uint8_t *mapped, const struct vtpm_secret_bytes *permanent,
                        struct vtpm_error **error);

/* Cuts it to SIZE bytes, and makes that final.  Whoever wrote it must have ended.  */
int vtpm_tpm_seed_seal (int fd, size_t size, struct vtpm_error **error);

/* An empty one, sealed.  */
int vtpm_tpm_seed_create_empty (int *fd, struct vtpm_error **error);

/* Reads a sealed one.  The caller clears *PERMANENT, whose data is NULL if FD is
   empty.  EINVAL: it is not sealed, or too large.  */
int vtpm_tpm_seed_read (int fd, struct vtpm_secret_bytes *permanent, struct vtpm_error **error);

#endif
