/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STATE_CRYPTO_H
#define OCI_VTPM_STATE_CRYPTO_H

/*
 * The three things that the state file needs of libcrypto.  An error means that
 * libcrypto failed (no memory, an algorithm disabled) unless said otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define VTPM_CRYPTO_KEY_SIZE 32
#define VTPM_CRYPTO_NONCE_SIZE 12
#define VTPM_CRYPTO_TAG_SIZE 16
#define VTPM_CRYPTO_DIGEST_SIZE 32

int vtpm_crypto_sha256 (const uint8_t *data, size_t size, uint8_t digest[VTPM_CRYPTO_DIGEST_SIZE],
                        struct vtpm_error **error);

/* HKDF-SHA256 (RFC 5869).  SALT_SIZE 0: no salt.  */
int vtpm_crypto_hkdf (const uint8_t *secret, size_t secret_size, const uint8_t *salt,
                      size_t salt_size, const char *info, uint8_t *output, size_t output_size,
                      struct vtpm_error **error);

struct vtpm_crypto_bytes
{
  const uint8_t *data;
  size_t size;
};

/* What AES-256-GCM takes besides the text.  No size may exceed INT_MAX.  */
struct vtpm_crypto_gcm
{
  const uint8_t *key;   /* VTPM_CRYPTO_KEY_SIZE */
  const uint8_t *nonce; /* VTPM_CRYPTO_NONCE_SIZE */
  struct vtpm_crypto_bytes authenticated;
};

/* The plaintext is HEAD followed by BODY, so that a caller needs no copy of a
   secret to put one byte before it.  CIPHERTEXT has room for both and the tag.  */
int vtpm_crypto_encrypt (const struct vtpm_crypto_gcm *gcm, struct vtpm_crypto_bytes head,
                         struct vtpm_crypto_bytes body, uint8_t *ciphertext,
                         struct vtpm_error **error);

/* The reverse: CIPHERTEXT includes the tag.  HEAD takes the first HEAD_SIZE
   bytes, BODY the rest.  *AUTHENTIC is false when the tag is wrong, which is no
   error.  Unless it is true, the caller wipes both and believes nothing.  */
int vtpm_crypto_decrypt (const struct vtpm_crypto_gcm *gcm, struct vtpm_crypto_bytes ciphertext,
                         uint8_t *head, size_t head_size, uint8_t *body, bool *authentic,
                         struct vtpm_error **error);

#endif
