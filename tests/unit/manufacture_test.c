/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ek_template.h"
#include "engine_tcti.h"
#include "expect_error.h"
#include "public_key.h"

#define ALL_KEYS ((1U << VTPM_KEY_TYPE_COUNT) - 1)

/* Makes "certificates" of a size, and keeps what it was asked for.  */
struct notary
{
  size_t size;
  bool refuses;
  int asked;
  uint8_t keys[VTPM_KEY_TYPE_COUNT][VTPM_PUBLIC_KEY_MAX];
  size_t key_sizes[VTPM_KEY_TYPE_COUNT];
  struct vtpm_certificate_request facts;
};

static int
notarise (void *context, const struct vtpm_certificate_request *key,
          uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  struct notary *notary = context;

  cr_assert_lt (notary->asked, VTPM_KEY_TYPE_COUNT);
  memcpy (notary->keys[notary->asked], key->key, key->key_size);
  notary->key_sizes[notary->asked] = key->key_size;
  notary->facts = *key;
  notary->asked++;
  if (notary->refuses)
    return vtpm_error_set_plain (error, EACCES, "not today");
  *size = notary->size;
  memset (certificate, notary->asked, notary->size <= VTPM_CERTIFICATE_MAX ? notary->size : 0);
  return 0;
}

/* A TPM that was made, and is on again.  */
struct made
{
  struct vtpm_engine *engine;
  struct vtpm_engine_tcti *tcti;
  TSS2_SYS_CONTEXT *sys;
};

static struct made
make (unsigned int banks, unsigned int eks, struct notary *notary)
{
  const struct vtpm_manufacture_spec spec
      = { .version = VTPM_TPM_2_0, .pcr_banks = banks, .eks = eks };
  const struct vtpm_certifier certifier = { .certify = notarise, .context = notary };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  struct vtpm_engine_state state = { 0 };
  struct made made = { 0 };

  assert_success (vtpm_manufacture (&spec, &certifier, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &state, &made.engine, &error));
  assert_success (vtpm_engine_start (made.engine, &error));
  assert_success (vtpm_engine_tcti_new (made.engine, &made.tcti, &error));
  made.sys = vtpm_engine_tcti_sys (made.tcti);
  return made;
}

static void
unmake (struct made *made)
{
  vtpm_engine_tcti_free (made->tcti);
  vtpm_engine_free (made->engine);
}

static unsigned int
banks_of (struct made *made)
{
  TPMS_CAPABILITY_DATA data = { 0 };
  TPMI_YES_NO more;
  unsigned int banks = 0;

  cr_assert_eq (Tss2_Sys_GetCapability (made->sys, NULL, TPM2_CAP_PCRS, 0, 16, &more, &data, NULL),
                0);
  for (uint32_t i = 0; i < data.data.assignedPCR.count; i++)
    {
      const TPMS_PCR_SELECTION *bank = &data.data.assignedPCR.pcrSelections[i];

      if (bank->pcrSelect[0] == 0)
        continue;
      cr_assert_eq (memcmp (bank->pcrSelect, "\xff\xff\xff", 3), 0);
      banks |= bank->hash == TPM2_ALG_SHA1     ? 1U << VTPM_PCR_SHA1
               : bank->hash == TPM2_ALG_SHA256 ? 1U << VTPM_PCR_SHA256
               : bank->hash == TPM2_ALG_SHA384 ? 1U << VTPM_PCR_SHA384
                                               : 1U << VTPM_PCR_SHA512;
    }
  return banks;
}

Test (manufacture, has_the_banks_asked_for)
{
  static const unsigned int sets[]
      = { 1U << VTPM_PCR_SHA256, 1U << VTPM_PCR_SHA1 | 1U << VTPM_PCR_SHA384, 15 };

  for (size_t i = 0; i < sizeof (sets) / sizeof (sets[0]); i++)
    {
      struct notary notary = { 0 };
      struct made made = make (sets[i], 0, &notary);

      cr_assert_eq (banks_of (&made), sets[i]);
      cr_assert_eq (notary.asked, 0);
      unmake (&made);
    }
}

static void
read_public (struct made *made, TPM2_HANDLE handle, TPM2B_PUBLIC *public)
{
  TPM2B_NAME name = { .size = sizeof (name.name) }, qualified = { .size = sizeof (name.name) };

  *public = (TPM2B_PUBLIC) { 0 };
  cr_assert_eq (Tss2_Sys_ReadPublic (made->sys, handle, NULL, public, &name, &qualified, NULL), 0);
}

/* The same template gives the same key: who has the certificate can make it
   again, and look.  */
static void
check_key (struct made *made, enum vtpm_key_type type, const struct notary *notary)
{
  const TSS2L_SYS_AUTH_COMMAND auth
      = { .count = 1, .auths = { { .sessionHandle = TPM2_RH_PW } } };
  TPM2B_PUBLIC kept, template, again = { 0 };
  TPM2B_CREATION_DATA creation = { 0 };
  TPM2B_DIGEST hash = { .size = sizeof (hash.buffer) };
  TPM2B_NAME name = { .size = sizeof (name.name) };
  TSS2L_SYS_AUTH_RESPONSE response = { 0 };
  TPMT_TK_CREATION ticket;
  TPM2_HANDLE handle;
  uint8_t der[VTPM_PUBLIC_KEY_MAX];
  size_t size;

  read_public (made, vtpm_ek_place (type).key, &kept);
  vtpm_ek_template (type, &template);
  cr_assert_eq (Tss2_Sys_CreatePrimary (made->sys, TPM2_RH_ENDORSEMENT, &auth,
                                        &(TPM2B_SENSITIVE_CREATE) { 0 }, &template,
                                        &(TPM2B_DATA) { 0 }, &(TPML_PCR_SELECTION) { 0 }, &handle,
                                        &again, &creation, &hash, &ticket, &name, &response),
                0);
  assert_success (vtpm_public_key_encode (&kept.publicArea, der, &size, &error));
  cr_assert_eq (size, notary->key_sizes[type]);
  cr_assert_eq (memcmp (der, notary->keys[type], size), 0, "another key was certified");
  assert_success (vtpm_public_key_encode (&again.publicArea, der, &size, &error));
  cr_assert_eq (memcmp (der, notary->keys[type], size), 0, "the template gives another key");
  cr_assert_eq (Tss2_Sys_FlushContext (made->sys, handle), 0);
}

static void
check_certificate (struct made *made, enum vtpm_key_type type, size_t size)
{
  const TSS2L_SYS_AUTH_COMMAND auth
      = { .count = 1, .auths = { { .sessionHandle = TPM2_RH_PW } } };
  TPM2_HANDLE index = vtpm_ek_place (type).certificate;
  TPM2B_NV_PUBLIC public = { 0 };
  TPM2B_NAME name = { .size = sizeof (name.name) };
  TPM2B_MAX_NV_BUFFER data = { 0 };
  TSS2L_SYS_AUTH_RESPONSE response = { 0 };

  cr_assert_eq (Tss2_Sys_NV_ReadPublic (made->sys, index, NULL, &public, &name, NULL), 0);
  cr_assert_eq (public.nvPublic.attributes, 0x62072801, "attributes 0x%x: not written and locked",
                public.nvPublic.attributes);
  cr_assert_eq (public.nvPublic.dataSize, size);
  for (uint16_t offset = 0; offset < size; offset = (uint16_t) (offset + data.size))
    {
      uint16_t left = (uint16_t) (size - offset);

      data.size = sizeof (data.buffer);
      cr_assert_eq (Tss2_Sys_NV_Read (made->sys, TPM2_RH_OWNER, index, &auth,
                                      left < 1024 ? left : 1024, offset, &data, &response),
                    0);
      for (uint16_t i = 0; i < data.size; i++)
        cr_assert_eq (data.buffer[i], type + 1);
    }
  data.size = 1;
  cr_assert_eq (Tss2_Sys_NV_Write (made->sys, TPM2_RH_PLATFORM, index, &auth, &data, 0, &response),
                TPM2_RC_NV_LOCKED);
}

Test (manufacture, has_the_keys_and_certificates_asked_for, .timeout = 120)
{
  struct notary notary = { .size = VTPM_CERTIFICATE_MAX };
  struct made made = make (1U << VTPM_PCR_SHA256, ALL_KEYS, &notary);

  cr_assert_eq (notary.asked, VTPM_KEY_TYPE_COUNT);
  for (int type = 0; type < VTPM_KEY_TYPE_COUNT; type++)
    {
      check_key (&made, (enum vtpm_key_type) type, &notary);
      check_certificate (&made, (enum vtpm_key_type) type, VTPM_CERTIFICATE_MAX);
    }
  unmake (&made);
}

Test (manufacture, tells_the_certifier_what_the_tpm_is)
{
  struct notary notary = { .size = 700 };
  struct made made = make (1U << VTPM_PCR_SHA256, 1U << VTPM_KEY_ECC_P256, &notary);

  cr_assert_eq (notary.facts.version, VTPM_TPM_2_0);
  cr_assert_eq (notary.facts.manufacturer, 0x49424d00, "\"IBM\", which is libtpms");
  cr_assert_gt (notary.facts.firmware_version, 0x20000000);
  cr_assert_eq (notary.facts.level, 0);
  cr_assert_geq (notary.facts.revision, 138);
  unmake (&made);
}

Test (manufacture, fails_where_the_certifier_does)
{
  const struct vtpm_manufacture_spec spec
      = { .version = VTPM_TPM_2_0, .pcr_banks = 1, .eks = 1U << VTPM_KEY_ECC_P384 };
  struct notary notary = { .refuses = true };
  const struct vtpm_certifier certifier = { .certify = notarise, .context = &notary };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };

  expect_error (vtpm_manufacture (&spec, &certifier, &permanent, &error), EACCES,
                "endorsement key ecc-p384: not today");
  notary = (struct notary) { .size = VTPM_CERTIFICATE_MAX + 1 };
  expect_error (vtpm_manufacture (&spec, &certifier, &permanent, &error), EINVAL,
                "endorsement key ecc-p384: a certificate of 2049 bytes: not 1 to 2048");
  notary = (struct notary) { .size = 0 };
  expect_error (vtpm_manufacture (&spec, &certifier, &permanent, &error), EINVAL,
                "a certificate of 0 bytes");
  cr_assert_null (permanent.data);
}

Test (manufacture, makes_a_tpm_1_2)
{
  const struct vtpm_manufacture_spec spec = { .version = VTPM_TPM_1_2 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;
  struct vtpm_engine_state state = { 0 };

  assert_success (vtpm_manufacture (&spec, NULL, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (VTPM_TPM_1_2, &state, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
}

Test (manufacture, makes_a_tpm_1_2_with_a_key)
{
  const struct vtpm_manufacture_spec spec = { .version = VTPM_TPM_1_2, .eks = VTPM_EKS_1_2 };
  struct notary notary = { .size = 900 };
  const struct vtpm_certifier certifier = { .certify = notarise, .context = &notary };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  const unsigned char *next = notary.keys[0];
  EVP_PKEY *key;

  assert_success (vtpm_manufacture (&spec, &certifier, &permanent, &error));
  cr_assert_eq (notary.asked, 1);
  key = d2i_PUBKEY (NULL, &next, (long) notary.key_sizes[0]);
  cr_assert_not_null (key);
  cr_expect_eq (EVP_PKEY_get_base_id (key), EVP_PKEY_RSA);
  cr_expect_eq (EVP_PKEY_get_bits (key), 2048);
  EVP_PKEY_free (key);
  cr_expect_eq (notary.facts.version, VTPM_TPM_1_2);
  cr_expect_eq (notary.facts.manufacturer, 0x49424d00, "\"IBM\", which is libtpms");
  cr_expect_eq (notary.facts.level, 2);
  cr_expect_eq (notary.facts.revision, 116);
}

Test (manufacture, makes_no_tpm_1_2_with_other_keys)
{
  const struct vtpm_manufacture_spec spec
      = { .version = VTPM_TPM_1_2, .eks = 1U << VTPM_KEY_ECC_P256 };
  struct notary notary = { .size = 900 };
  const struct vtpm_certifier certifier = { .certify = notarise, .context = &notary };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };

  expect_error (vtpm_manufacture (&spec, &certifier, &permanent, &error), EINVAL,
                "a TPM 1.2 has no endorsement key but rsa2048");
  cr_expect_eq (notary.asked, 0);
  notary.refuses = true;
  expect_error (vtpm_manufacture (&(struct vtpm_manufacture_spec) { VTPM_TPM_1_2, 0, VTPM_EKS_1_2 },
                                  &certifier, &permanent, &error),
                EACCES, "endorsement key rsa2048: not today");
}
