/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_cipher.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "libcrypto.h"

#define AES_BLOCK_SIZE 16

static inline void
free_cipher_context (EVP_CIPHER_CTX **context)
{
  EVP_CIPHER_CTX_free (*context);
}

#define _cleanup_cipher_context_ VTPM_CLEANUP (free_cipher_context)

static inline void
free_mac (EVP_MAC **mac)
{
  EVP_MAC_free (*mac);
}

#define _cleanup_mac_ VTPM_CLEANUP (free_mac)

static inline void
free_mac_context (EVP_MAC_CTX **context)
{
  EVP_MAC_CTX_free (*context);
}

#define _cleanup_mac_context_ VTPM_CLEANUP (free_mac_context)

static int
compute_hmac (const struct vtpm_transfer_key *key, const struct vtpm_swtpm_ciphertext *sealed,
              uint8_t hmac[VTPM_SWTPM_HMAC_SIZE], struct vtpm_error **error)
{
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, digest, 0),
    OSSL_PARAM_construct_end (),
  };
  _cleanup_mac_ EVP_MAC *mac = EVP_MAC_fetch (NULL, OSSL_MAC_NAME_HMAC, NULL);
  _cleanup_mac_context_ EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new (mac) : NULL;
  size_t size;

  if (context == NULL || EVP_MAC_init (context, key->bytes, key->size, parameters) != 1
      || EVP_MAC_update (context, sealed->text, sealed->size) != 1
      || EVP_MAC_update (context, sealed->iv, key->size) != 1
      || EVP_MAC_final (context, hmac, &size, VTPM_SWTPM_HMAC_SIZE) != 1)
    return vtpm_error_set_plain (error, EIO, "libcrypto cannot compute an HMAC");
  return 0;
}

int
vtpm_swtpm_cipher_verify (const struct vtpm_transfer_key *key,
                          const struct vtpm_swtpm_ciphertext *sealed, struct vtpm_error **error)
{
  uint8_t hmac[VTPM_SWTPM_HMAC_SIZE];

  if (vtpm_libcrypto_prepare (error) < 0 || compute_hmac (key, sealed, hmac, error) < 0)
    return -1;
  return CRYPTO_memcmp (hmac, sealed->hmac, sizeof (hmac)) == 0;
}

/* Both ways, without padding: SIZE is a multiple of the block.  */
static int
run_cipher (const struct vtpm_transfer_key *key, const uint8_t *iv, int encrypt, const uint8_t *in,
            size_t size, uint8_t *out, struct vtpm_error **error)
{
  _cleanup_cipher_context_ EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  const EVP_CIPHER *cipher = key->size == VTPM_TRANSFER_KEY_MAX ? EVP_aes_256_cbc ()
                                                                : EVP_aes_128_cbc ();
  int done, last;

  if (context == NULL || size > INT_MAX
      || EVP_CipherInit_ex2 (context, cipher, key->bytes, iv, encrypt, NULL) != 1
      || EVP_CIPHER_CTX_set_padding (context, 0) != 1
      || EVP_CipherUpdate (context, out, &done, in, (int) size) != 1
      || EVP_CipherFinal_ex (context, out + done, &last) != 1 || (size_t) (done + last) != size)
    return vtpm_error_set_plain (error, EIO, "libcrypto cannot compute AES");
  return 0;
}

/* Each byte of the padding is its length.  */
static int
remove_padding (const struct vtpm_transfer_key *key, struct vtpm_secret_bytes *plain,
                struct vtpm_error **error)
{
  uint8_t length = plain->data[plain->size - 1];

  if (length == 0 || length > key->size)
    return vtpm_error_set_plain (error, EBADMSG, "the padding is wrong");
  for (size_t i = plain->size - length; i < plain->size; i++)
    if (plain->data[i] != length)
      return vtpm_error_set_plain (error, EBADMSG, "the padding is wrong");
  plain->size -= length;
  return 0;
}

int
vtpm_swtpm_cipher_decrypt (const struct vtpm_transfer_key *key,
                           const struct vtpm_swtpm_ciphertext *sealed,
                           struct vtpm_secret_bytes *plain, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes made = { 0 };

  if (sealed->size < key->size || sealed->size % AES_BLOCK_SIZE != 0)
    return vtpm_error_set_plain (error, EBADMSG, "%zu bytes are no ciphertext", sealed->size);
  made.data = malloc (sealed->size);
  if (made.data == NULL)
    return vtpm_error_set (error, ENOMEM, "%zu bytes", sealed->size);
  made.size = sealed->size;
  if (vtpm_libcrypto_prepare (error) < 0
      || run_cipher (key, sealed->iv, 0, sealed->text, sealed->size, made.data, error) < 0
      || remove_padding (key, &made, error) < 0)
    return -1;
  *plain = vtpm_secret_bytes_steal (&made);
  return 0;
}

int
vtpm_swtpm_cipher_encrypt (const struct vtpm_transfer_key *key,
                           const struct vtpm_secret_bytes *plain, struct vtpm_secret_bytes *text,
                           struct vtpm_swtpm_ciphertext *sealed, struct vtpm_error **error)
{
  size_t padding = key->size - plain->size % key->size;
  size_t size = plain->size + padding;
  _cleanup_secret_bytes_ struct vtpm_secret_bytes padded = { malloc (size), size };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes made = { malloc (size), size };

  if (padded.data == NULL || made.data == NULL)
    return vtpm_error_set (error, ENOMEM, "%zu bytes", size);
  memcpy (padded.data, plain->data, plain->size);
  memset (padded.data + plain->size, (int) padding, padding);
  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  if (RAND_bytes (sealed->iv, (int) key->size) != 1)
    return vtpm_error_set_plain (error, EIO, "libcrypto gives no random bytes");
  if (run_cipher (key, sealed->iv, 1, padded.data, size, made.data, error) < 0)
    return -1;
  sealed->text = made.data;
  sealed->size = size;
  if (compute_hmac (key, sealed, sealed->hmac, error) < 0)
    return -1;
  *text = vtpm_secret_bytes_steal (&made);
  return 0;
}
