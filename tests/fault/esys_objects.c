/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "esys_objects.h"

#include <string.h>

#include "raw_tpm.h"

const TPM2B_AUTH esys_password = { .size = 15, .buffer = "a test password" };

static const TPM2B_PUBLIC storage_template = {
  .publicArea = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT
                        | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH
                        | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
    .parameters.eccDetail = {
      .symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB },
      .scheme.scheme = TPM2_ALG_NULL,
      .curveID = TPM2_ECC_NIST_P256,
      .kdf.scheme = TPM2_ALG_NULL,
    },
  },
};

static const TPM2B_PUBLIC signing_template = {
  .publicArea = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT
                        | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH
                        | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT,
    .parameters.eccDetail = {
      .symmetric.algorithm = TPM2_ALG_NULL,
      .scheme = { .scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
      .curveID = TPM2_ECC_NIST_P256,
      .kdf.scheme = TPM2_ALG_NULL,
    },
  },
};

int
esys_create_primary (struct client *client, ESYS_TR hierarchy, ESYS_TR *key,
                     struct vtpm_error **error)
{
  const TPM2B_SENSITIVE_CREATE sensitive = { .size = 0 };
  const TPM2B_DATA outside = { .size = 0 };
  const TPML_PCR_SELECTION pcrs = { .count = 0 };
  TSS2_RC rc = Esys_CreatePrimary (client->esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &sensitive, &storage_template, &outside, &pcrs,
                                   key, NULL, NULL, NULL, NULL);

  return client_esys_check (client, rc, "CreatePrimary", error);
}

static int
create_child (struct client *client, ESYS_TR parent, ESYS_TR *key, TPM2B_PUBLIC **public,
              struct vtpm_error **error)
{
  const TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.userAuth = esys_password };
  const TPM2B_DATA outside = { .size = 0 };
  const TPML_PCR_SELECTION pcrs = { .count = 0 };
  _cleanup_esys_ TPM2B_PRIVATE *private = NULL;
  TSS2_RC rc
      = Esys_Create (client->esys, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                     &signing_template, &outside, &pcrs, &private, public, NULL, NULL, NULL);

  if (client_esys_check (client, rc, "Create", error) < 0)
    return -1;
  rc = Esys_Load (client->esys, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, private,
                  *public, key);
  if (client_esys_check (client, rc, "Load", error) < 0)
    return -1;
  rc = Esys_TR_SetAuth (client->esys, *key, &esys_password);
  return client_esys_check (client, rc, "Esys_TR_SetAuth", error);
}

int
esys_create_signing_key (struct client *client, ESYS_TR *key, TPM2B_PUBLIC **public,
                         struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_PUBLIC *made = NULL;
  ESYS_TR parent = ESYS_TR_NONE;

  if (esys_create_primary (client, ESYS_TR_RH_OWNER, &parent, error) < 0
      || create_child (client, parent, key, &made, error) < 0
      || esys_flush (client, &parent, error) < 0)
    return -1;
  *public = vtpm_steal_pointer (&made);
  return 0;
}

int
esys_start_session (struct client *client, ESYS_TR salt, ESYS_TR bind, ESYS_TR *session,
                    struct vtpm_error **error)
{
  const TPMT_SYM_DEF symmetric = {
    .algorithm = TPM2_ALG_AES,
    .keyBits.aes = 128,
    .mode.aes = TPM2_ALG_CFB,
  };
  const TPMA_SESSION attributes
      = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
  TSS2_RC rc
      = Esys_StartAuthSession (client->esys, salt, bind, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                               NULL, TPM2_SE_HMAC, &symmetric, TPM2_ALG_SHA256, session);

  if (client_esys_check (client, rc, "StartAuthSession", error) < 0)
    return -1;
  rc = Esys_TRSess_SetAttributes (client->esys, *session, attributes, 0xff);
  return client_esys_check (client, rc, "Esys_TRSess_SetAttributes", error);
}

int
esys_find_nv (struct client *client, uint32_t handle, ESYS_TR *nv, struct vtpm_error **error)
{
  TSS2_RC rc
      = Esys_TR_FromTPMPublic (client->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nv);

  if (client_esys_check (client, rc, "NV_ReadPublic", error) < 0)
    return -1;
  rc = Esys_TR_SetAuth (client->esys, *nv, &esys_password);
  return client_esys_check (client, rc, "Esys_TR_SetAuth", error);
}

int
esys_define_nv (struct client *client, uint32_t handle, uint32_t attributes, uint16_t size,
                const uint8_t policy[MODEL_DIGEST_SIZE], ESYS_TR *nv, struct vtpm_error **error)
{
  TPM2B_NV_PUBLIC public = {
    .nvPublic = {
      .nvIndex = handle,
      .nameAlg = TPM2_ALG_SHA256,
      .attributes = attributes,
      .dataSize = size,
    },
  };
  struct raw_nv old;
  bool exists;
  TSS2_RC rc;

  if (policy != NULL)
    {
      public.nvPublic.authPolicy.size = MODEL_DIGEST_SIZE;
      memcpy (public.nvPublic.authPolicy.buffer, policy, MODEL_DIGEST_SIZE);
    }
  if (raw_nv_read_public (client->transport, handle, &exists, &old, error) < 0
      || (exists && raw_nv_undefine (client->transport, handle, error) < 0))
    return -1;
  rc = Esys_NV_DefineSpace (client->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &esys_password, &public, nv);
  return client_esys_check (client, rc, "NV_DefineSpace", error);
}

int
esys_flush (struct client *client, ESYS_TR *object, struct vtpm_error **error)
{
  TSS2_RC rc;

  if (*object == ESYS_TR_NONE)
    return 0;
  rc = Esys_FlushContext (client->esys, *object);
  *object = ESYS_TR_NONE;
  return client_esys_check (client, rc, "FlushContext", error);
}
