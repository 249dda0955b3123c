/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SWTPM_CIPHER_H
#define OCI_VTPM_SWTPM_CIPHER_H

/*
 * How swtpm encrypts: AES-CBC, then an HMAC-SHA256 of the ciphertext and the
 * initialisation vector under the same key.  Both the padding and the
 * initialisation vector are measured by the size of the key and not of AES's
 * block: with a key of 32 bytes there are 1 to 32 bytes of padding, and the
 * second half of the vector is of use to the HMAC only.
 */

#include "secret_bytes.h"
#include "transfer_secret.h"

#define VTPM_SWTPM_HMAC_SIZE 32

struct vtpm_swtpm_ciphertext
{
  const uint8_t *text;
  size_t size;
  uint8_t hmac[VTPM_SWTPM_HMAC_SIZE];
  uint8_t iv[VTPM_TRANSFER_KEY_MAX]; /* as many bytes as the key has */
};

/* Whether the HMAC is that of the ciphertext under KEY: 1 or 0; -1 when that
   cannot be found out.  */
int vtpm_swtpm_cipher_verify (const struct vtpm_transfer_key *key,
                              const struct vtpm_swtpm_ciphertext *sealed,
                              struct vtpm_error **error);

/* Decrypts what vtpm_swtpm_cipher_verify found right.  EBADMSG: the size or the
   padding is wrong.  The caller clears *PLAIN.  */
int vtpm_swtpm_cipher_decrypt (const struct vtpm_transfer_key *key,
                               const struct vtpm_swtpm_ciphertext *sealed,
                               struct vtpm_secret_bytes *plain, struct vtpm_error **error);

/* Encrypts under a new initialisation vector.  SEALED->text points to *TEXT, which
   the caller clears.  */
int vtpm_swtpm_cipher_encrypt (const struct vtpm_transfer_key *key,
                               const struct vtpm_secret_bytes *plain,
                               struct vtpm_secret_bytes *text,
                               struct vtpm_swtpm_ciphertext *sealed, struct vtpm_error **error);

#endif
