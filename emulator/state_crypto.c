/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "state_crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#include "libcrypto.h"

static inline void
cleanup_cipher (EVP_CIPHER_CTX **context)
{
  EVP_CIPHER_CTX_free (*context);
}

static inline void
cleanup_kdf (EVP_KDF **kdf)
{
  EVP_KDF_free (*kdf);
}

static inline void
cleanup_kdf_context (EVP_KDF_CTX **context)
{
  EVP_KDF_CTX_free (*context);
}

#define _cleanup_cipher_ VTPM_CLEANUP (cleanup_cipher)
#define _cleanup_kdf_ VTPM_CLEANUP (cleanup_kdf)
#define _cleanup_kdf_context_ VTPM_CLEANUP (cleanup_kdf_context)

static int
set_failure (const char *what, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, ENOTSUP, "libcrypto failed: %s", what);
}

int
vtpm_crypto_sha256 (const uint8_t *data, size_t size, uint8_t digest[VTPM_CRYPTO_DIGEST_SIZE],
                    struct vtpm_error **error)
{
  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  if (EVP_Digest (data, size, digest, NULL, EVP_sha256 (), NULL) != 1)
    return set_failure ("SHA-256", error);
  return 0;
}

/* OSSL_PARAM has no const; what is passed in is only read.  */
static OSSL_PARAM
octets (const char *name, const void *data, size_t size)
{
  return OSSL_PARAM_construct_octet_string (name, (void *) data, size);
}

int
vtpm_crypto_hkdf (const uint8_t *secret, size_t secret_size, const uint8_t *salt, size_t salt_size,
                  const char *info, uint8_t *output, size_t output_size, struct vtpm_error **error)
{
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, digest, 0),
    octets (OSSL_KDF_PARAM_KEY, secret, secret_size),
    octets (OSSL_KDF_PARAM_INFO, info, strlen (info)),
    salt_size > 0 ? octets (OSSL_KDF_PARAM_SALT, salt, salt_size) : OSSL_PARAM_construct_end (),
    OSSL_PARAM_construct_end (),
  };
  _cleanup_kdf_context_ EVP_KDF_CTX *context = NULL;
  _cleanup_kdf_ EVP_KDF *kdf = NULL;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  kdf = EVP_KDF_fetch (NULL, OSSL_KDF_NAME_HKDF, NULL);
  if (kdf != NULL)
    context = EVP_KDF_CTX_new (kdf);
  if (context == NULL || EVP_KDF_derive (context, output, output_size, parameters) != 1)
    return set_failure ("HKDF", error);
  return 0;
}

int
vtpm_crypto_encrypt (const struct vtpm_crypto_gcm *gcm, struct vtpm_crypto_bytes head,
                     struct vtpm_crypto_bytes body, uint8_t *ciphertext, struct vtpm_error **error)
{
  uint8_t *tag = ciphertext + head.size + body.size;
  _cleanup_cipher_ EVP_CIPHER_CTX *context = NULL;
  int written;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  context = EVP_CIPHER_CTX_new ();
  if (context == NULL
      || EVP_EncryptInit_ex (context, EVP_aes_256_gcm (), NULL, gcm->key, gcm->nonce) != 1
      || EVP_EncryptUpdate (context, NULL, &written, gcm->authenticated.data,
                            (int) gcm->authenticated.size)
             != 1
      || EVP_EncryptUpdate (context, ciphertext, &written, head.data, (int) head.size) != 1
      || EVP_EncryptUpdate (context, ciphertext + head.size, &written, body.data, (int) body.size)
             != 1
      || EVP_EncryptFinal_ex (context, tag, &written) != 1
      || EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_GET_TAG, VTPM_CRYPTO_TAG_SIZE, tag) != 1)
    return set_failure ("AES-256-GCM", error);
  return 0;
}

int
vtpm_crypto_decrypt (const struct vtpm_crypto_gcm *gcm, struct vtpm_crypto_bytes ciphertext,
                     uint8_t *head, size_t head_size, uint8_t *body, bool *authentic,
                     struct vtpm_error **error)
{
  size_t body_size = ciphertext.size - VTPM_CRYPTO_TAG_SIZE - head_size;
  _cleanup_cipher_ EVP_CIPHER_CTX *context = NULL;
  uint8_t tag[VTPM_CRYPTO_TAG_SIZE];
  int written;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  memcpy (tag, ciphertext.data + head_size + body_size, sizeof (tag));
  context = EVP_CIPHER_CTX_new ();
  if (context == NULL
      || EVP_DecryptInit_ex (context, EVP_aes_256_gcm (), NULL, gcm->key, gcm->nonce) != 1
      || EVP_DecryptUpdate (context, NULL, &written, gcm->authenticated.data,
                            (int) gcm->authenticated.size)
             != 1
      || EVP_DecryptUpdate (context, head, &written, ciphertext.data, (int) head_size) != 1
      || EVP_DecryptUpdate (context, body, &written, ciphertext.data + head_size, (int) body_size)
             != 1
      || EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_TAG, sizeof (tag), tag) != 1)
    return set_failure ("AES-256-GCM", error);
  /* GCM has nothing left to write here.  */
  *authentic = EVP_DecryptFinal_ex (context, tag, &written) == 1;
  return 0;
}
