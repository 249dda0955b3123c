/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"

/* An exponent of 0 in a TPM stands for this one.  */
#define RSA_EXPONENT 65537U

static void
free_key (EVP_PKEY **key)
{
  EVP_PKEY_free (*key);
}

static void
free_context (EVP_PKEY_CTX **context)
{
  EVP_PKEY_CTX_free (*context);
}

static void
free_number (BIGNUM **number)
{
  BN_free (*number);
}

static void
free_builder (OSSL_PARAM_BLD **builder)
{
  OSSL_PARAM_BLD_free (*builder);
}

static void
free_parameters (OSSL_PARAM **parameters)
{
  OSSL_PARAM_free (*parameters);
}

/* NULL if libcrypto does not take the key.  */
static EVP_PKEY *
make_key (const char *type, OSSL_PARAM_BLD *builder)
{
  EVP_PKEY_CTX *context VTPM_CLEANUP (free_context)
      = EVP_PKEY_CTX_new_from_name (NULL, type, NULL);
  OSSL_PARAM *parameters VTPM_CLEANUP (free_parameters) = OSSL_PARAM_BLD_to_param (builder);
  EVP_PKEY *key = NULL;

  if (context != NULL && parameters != NULL && EVP_PKEY_fromdata_init (context) == 1)
    EVP_PKEY_fromdata (context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  return key;
}

static EVP_PKEY *
make_rsa_key (const TPMT_PUBLIC *area)
{
  const TPM2B_PUBLIC_KEY_RSA *modulus = &area->unique.rsa;
  uint32_t exponent = area->parameters.rsaDetail.exponent;
  OSSL_PARAM_BLD *builder VTPM_CLEANUP (free_builder) = OSSL_PARAM_BLD_new ();
  BIGNUM *n VTPM_CLEANUP (free_number) = BN_bin2bn (modulus->buffer, modulus->size, NULL);

  if (builder == NULL || n == NULL
      || OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_RSA_N, n) != 1
      || OSSL_PARAM_BLD_push_uint (builder, OSSL_PKEY_PARAM_RSA_E,
                                   exponent != 0 ? exponent : RSA_EXPONENT)
             != 1)
    return NULL;
  return make_key ("RSA", builder);
}

static const struct
{
  TPM2_ECC_CURVE curve;
  const char *group;
  size_t coordinate_size;
} curves[] = {
  { TPM2_ECC_NIST_P256, "P-256", 32 },
  { TPM2_ECC_NIST_P384, "P-384", 48 },
  { TPM2_ECC_NIST_P521, "P-521", 66 },
};

/* SEC 1, section 2.3.3, not compressed.  A TPM may leave leading zeros away.  */
static bool
encode_point (const TPMS_ECC_POINT *point, size_t size, uint8_t *encoded)
{
  if (point->x.size > size || point->y.size > size)
    return false;
  memset (encoded, 0, 1 + 2 * size);
  encoded[0] = POINT_CONVERSION_UNCOMPRESSED;
  memcpy (encoded + 1 + size - point->x.size, point->x.buffer, point->x.size);
  memcpy (encoded + 1 + 2 * size - point->y.size, point->y.buffer, point->y.size);
  return true;
}

static EVP_PKEY *
make_ecc_key (const TPMT_PUBLIC *area)
{
  OSSL_PARAM_BLD *builder VTPM_CLEANUP (free_builder) = OSSL_PARAM_BLD_new ();
  uint8_t point[1 + 2 * 66];

  for (size_t i = 0; i < sizeof (curves) / sizeof (curves[0]); i++)
    if (curves[i].curve == area->parameters.eccDetail.curveID && builder != NULL
        && encode_point (&area->unique.ecc, curves[i].coordinate_size, point)
        && OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, curves[i].group, 0)
               == 1
        && OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             1 + 2 * curves[i].coordinate_size)
               == 1)
      return make_key ("EC", builder);
  return NULL;
}

int
vtpm_public_key_encode (const TPMT_PUBLIC *area, uint8_t der[VTPM_PUBLIC_KEY_MAX], size_t *size,
                        struct vtpm_error **error)
{
  EVP_PKEY *key VTPM_CLEANUP (free_key) = NULL;
  int length;

  if (area->type == TPM2_ALG_RSA)
    key = make_rsa_key (area);
  else if (area->type == TPM2_ALG_ECC)
    key = make_ecc_key (area);
  length = key != NULL ? i2d_PUBKEY (key, NULL) : -1;
  if (length <= 0 || length > VTPM_PUBLIC_KEY_MAX)
    return vtpm_error_set_plain (error, EINVAL, "the TPM's public key of type 0x%x is no key",
                                 area->type);
  *size = (size_t) i2d_PUBKEY (key, &(uint8_t *) { der });
  return 0;
}
