/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_PUBLIC_KEY_H
#define OCI_VTPM_PUBLIC_KEY_H

/* A TPM's public key in the form that the rest of the world uses: a DER
   SubjectPublicKeyInfo (RFC 5280, section 4.1).  */

#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_tpm2_types.h>

#include "error.h"

#define VTPM_PUBLIC_KEY_MAX 512 /* bytes; RSA 3072 takes 422 */

int vtpm_public_key_encode (const TPMT_PUBLIC *area, uint8_t der[VTPM_PUBLIC_KEY_MAX],
                            size_t *size, struct vtpm_error **error);

#endif
