/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ecdsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>

#define COORDINATE_SIZE 32

static void
cleanup_context (EVP_PKEY_CTX **context)
{
  EVP_PKEY_CTX_free (*context);
}

static void
cleanup_signature (ECDSA_SIG **signature)
{
  ECDSA_SIG_free (*signature);
}

/* A TPM leaves leading zeros out.  */
static void
put_coordinate (const TPM2B_ECC_PARAMETER *from, uint8_t to[COORDINATE_SIZE])
{
  size_t size = from->size < COORDINATE_SIZE ? from->size : COORDINATE_SIZE;

  memset (to, 0, COORDINATE_SIZE);
  memcpy (to + COORDINATE_SIZE - size, from->buffer, size);
}

int
ecdsa_import (const TPM2B_PUBLIC *public, EVP_PKEY **key, struct vtpm_error **error)
{
  char curve[] = "prime256v1";
  uint8_t point[1 + 2 * COORDINATE_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
    OSSL_PARAM_construct_octet_string (OSSL_PKEY_PARAM_PUB_KEY, point, sizeof (point)),
    OSSL_PARAM_construct_end (),
  };
  EVP_PKEY_CTX *context VTPM_CLEANUP (cleanup_context)
      = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);

  put_coordinate (&public->publicArea.unique.ecc.x, point + 1);
  put_coordinate (&public->publicArea.unique.ecc.y, point + 1 + COORDINATE_SIZE);
  if (context == NULL || EVP_PKEY_fromdata_init (context) != 1
      || EVP_PKEY_fromdata (context, key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
    return vtpm_error_set_plain (error, EPROTO, "the TPM's public key is not one of P-256");
  return 0;
}

/* To the form that OpenSSL takes: DER.  */
static int
encode (const TPMS_SIGNATURE_ECDSA *from, uint8_t **der)
{
  ECDSA_SIG *signature VTPM_CLEANUP (cleanup_signature) = ECDSA_SIG_new ();
  BIGNUM *r = BN_bin2bn (from->signatureR.buffer, from->signatureR.size, NULL);
  BIGNUM *s = BN_bin2bn (from->signatureS.buffer, from->signatureS.size, NULL);

  if (signature == NULL || ECDSA_SIG_set0 (signature, r, s) != 1)
    {
      BN_free (r);
      BN_free (s);
      return -1;
    }
  return i2d_ECDSA_SIG (signature, der);
}

bool
ecdsa_verify (EVP_PKEY *key, const uint8_t digest[MODEL_DIGEST_SIZE],
              const TPMT_SIGNATURE *signature)
{
  EVP_PKEY_CTX *context VTPM_CLEANUP (cleanup_context) = EVP_PKEY_CTX_new (key, NULL);
  uint8_t *der = NULL;
  int size = signature->sigAlg == TPM2_ALG_ECDSA ? encode (&signature->signature.ecdsa, &der) : -1;
  bool good;

  good = size > 0 && context != NULL && EVP_PKEY_verify_init (context) == 1
         && EVP_PKEY_verify (context, der, (size_t) size, digest, MODEL_DIGEST_SIZE) == 1;
  OPENSSL_free (der);
  return good;
}
