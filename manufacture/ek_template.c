/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ek_template.h"

#include <string.h>

/* Use needs a policy: PolicySecret of the endorsement hierarchy (PolicyA), or also what
   an NV index authorises (PolicyB), for which the user's own authorisation will do.  */
#define LOW_RANGE_ATTRIBUTES                                                      \
  (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN \
   | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define HIGH_RANGE_ATTRIBUTES (LOW_RANGE_ATTRIBUTES | TPMA_OBJECT_USERWITHAUTH)

static const uint8_t policy_a_sha256[] = {
  0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
  0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

static const uint8_t policy_b_sha384[] = {
  0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a, 0x1a,
  0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca,
  0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
};

static const uint8_t policy_b_sha512[] = {
  0xb8, 0x22, 0x1c, 0xa6, 0x9e, 0x85, 0x50, 0xa4, 0x91, 0x4d, 0xe3, 0xfa, 0xa6, 0xa1, 0x8c, 0x07,
  0x2c, 0xc0, 0x12, 0x08, 0x07, 0x3a, 0x92, 0x8d, 0x5d, 0x66, 0xd5, 0x9e, 0xf7, 0x9e, 0x49, 0xa4,
  0x29, 0xc4, 0x1a, 0x6b, 0x26, 0x95, 0x71, 0xd5, 0x7e, 0xdb, 0x25, 0xfb, 0xdb, 0x18, 0x38, 0x42,
  0x56, 0x08, 0xb4, 0x13, 0xcd, 0x61, 0x6a, 0x5f, 0x6d, 0xb5, 0xb6, 0x07, 0x1a, 0xf9, 0x9b, 0xea,
};

#define POLICY(DIGEST) DIGEST, sizeof (DIGEST)

/* UNIQUE_SIZE: the unique field is that many zeros, each coordinate's for ECC.  */
static const struct
{
  TPMA_OBJECT attributes;
  TPM2_ALG_ID name_algorithm;
  const uint8_t *policy;
  uint16_t policy_size;
  uint16_t aes_bits;
  uint16_t rsa_bits;   /* 0: ECC */
  TPM2_ECC_CURVE curve;
  uint16_t unique_size;
} profiles[] = {
  [VTPM_KEY_RSA_2048] = { LOW_RANGE_ATTRIBUTES, TPM2_ALG_SHA256,
                          POLICY (policy_a_sha256), 128, 2048, 0, 256 },
  [VTPM_KEY_RSA_3072] = { HIGH_RANGE_ATTRIBUTES, TPM2_ALG_SHA384,
                          POLICY (policy_b_sha384), 256, 3072, 0, 0 },
  [VTPM_KEY_ECC_P256] = { LOW_RANGE_ATTRIBUTES, TPM2_ALG_SHA256,
                          POLICY (policy_a_sha256), 128, 0, TPM2_ECC_NIST_P256, 32 },
  [VTPM_KEY_ECC_P384] = { HIGH_RANGE_ATTRIBUTES, TPM2_ALG_SHA384,
                          POLICY (policy_b_sha384), 256, 0, TPM2_ECC_NIST_P384, 0 },
  [VTPM_KEY_ECC_P521] = { HIGH_RANGE_ATTRIBUTES, TPM2_ALG_SHA512,
                          POLICY (policy_b_sha512), 256, 0, TPM2_ECC_NIST_P521, 0 },
};

void
vtpm_ek_template (enum vtpm_key_type type, TPM2B_PUBLIC *template)
{
  TPMT_PUBLIC *area = &template->publicArea;
  const TPMT_SYM_DEF_OBJECT symmetric = {
    .algorithm = TPM2_ALG_AES,
    .keyBits.aes = profiles[type].aes_bits,
    .mode.aes = TPM2_ALG_CFB,
  };

  *template = (TPM2B_PUBLIC) {
    .publicArea = {
      .nameAlg = profiles[type].name_algorithm,
      .objectAttributes = profiles[type].attributes,
      .authPolicy.size = profiles[type].policy_size,
    },
  };
  memcpy (area->authPolicy.buffer, profiles[type].policy, profiles[type].policy_size);
  if (profiles[type].rsa_bits != 0)
    {
      area->type = TPM2_ALG_RSA;
      area->parameters.rsaDetail.symmetric = symmetric;
      area->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
      area->parameters.rsaDetail.keyBits = profiles[type].rsa_bits;
      area->unique.rsa.size = profiles[type].unique_size;
      return;
    }
  area->type = TPM2_ALG_ECC;
  area->parameters.eccDetail.symmetric = symmetric;
  area->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area->parameters.eccDetail.curveID = profiles[type].curve;
  area->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  area->unique.ecc.x.size = profiles[type].unique_size;
  area->unique.ecc.y.size = profiles[type].unique_size;
}
