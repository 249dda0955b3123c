/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_ECDSA_H
#define OCI_VTPM_FAULT_ECDSA_H

/* Verifies what a TPM signed, by OpenSSL: a second opinion.  */

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "error.h"
#include "model.h"

/* PUBLIC is a key on P-256.  The caller frees *KEY (EVP_PKEY_free).  */
int ecdsa_import (const TPM2B_PUBLIC *public, EVP_PKEY **key, struct vtpm_error **error);

/* False when it is no signature of DIGEST by KEY.  */
bool ecdsa_verify (EVP_PKEY *key, const uint8_t digest[MODEL_DIGEST_SIZE],
                   const TPMT_SIGNATURE *signature);

#endif
