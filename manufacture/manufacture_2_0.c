/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <string.h>

#include "ek_template.h"
#include "engine_tcti.h"
#include "manufacture_internal.h"
#include "public_key.h"

/* Of all the certificates' indexes (EK Credential Profile, 2.2.1.4): the platform
   writes it, once; anybody may read it; it stays when the TPM is cleared.  */
#define CERTIFICATE_ATTRIBUTES                                                             \
  (TPMA_NV_PPWRITE | TPMA_NV_WRITEDEFINE | TPMA_NV_PPREAD | TPMA_NV_OWNERREAD               \
   | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA | TPMA_NV_PLATFORMCREATE)

/* What the TPM takes with one TPM2_NV_Write (TPM_PT_NV_BUFFER_MAX).  */
#define NV_BUFFER_SIZE 1024

struct work
{
  struct vtpm_engine_tcti *tcti;
  TSS2_SYS_CONTEXT *sys;
  const struct vtpm_certifier *certifier;
  struct vtpm_certificate_request facts; /* all but the key */
};

/* Before anybody has a TPM, the authorisation of each hierarchy is empty.  */
static const TSS2L_SYS_AUTH_COMMAND empty_auth
    = { .count = 1, .auths = { { .sessionHandle = TPM2_RH_PW } } };

static int
check (struct work *work, TSS2_RC code, const char *what, struct vtpm_error **error)
{
  return vtpm_engine_tcti_check (work->tcti, code, what, error);
}

static const TPM2_ALG_ID bank_algorithms[] = {
  [VTPM_PCR_SHA1] = TPM2_ALG_SHA1,
  [VTPM_PCR_SHA256] = TPM2_ALG_SHA256,
  [VTPM_PCR_SHA384] = TPM2_ALG_SHA384,
  [VTPM_PCR_SHA512] = TPM2_ALG_SHA512,
};

#define BANK_COUNT (sizeof (bank_algorithms) / sizeof (bank_algorithms[0]))

/* A bank without a PCR is one that there is not.  */
static int
allocate_banks (struct work *work, unsigned int banks, struct vtpm_error **error)
{
  TPML_PCR_SELECTION selection = { .count = BANK_COUNT };
  TPMI_YES_NO success = TPM2_NO;
  UINT32 max_pcr, needed, available;
  TSS2L_SYS_AUTH_RESPONSE auth = { 0 };

  for (size_t i = 0; i < BANK_COUNT; i++)
    {
      TPMS_PCR_SELECTION *bank = &selection.pcrSelections[i];

      bank->hash = bank_algorithms[i];
      bank->sizeofSelect = 3;
      memset (bank->pcrSelect, (banks & 1U << i) != 0 ? 0xff : 0, bank->sizeofSelect);
    }
  if (check (work,
             Tss2_Sys_PCR_Allocate (work->sys, TPM2_RH_PLATFORM, &empty_auth, &selection, &success,
                                    &max_pcr, &needed, &available, &auth),
             "TPM2_PCR_Allocate", error)
      < 0)
    return -1;
  if (success != TPM2_YES)
    return vtpm_error_set_plain (error, EINVAL, "the TPM has no room for these PCR banks");
  return 0;
}

/* *VALUE is 0 for a property that the TPM does not have.  */
static int
get_property (struct work *work, TPM2_PT property, uint32_t *value, struct vtpm_error **error)
{
  TPMS_CAPABILITY_DATA data = { 0 };
  const TPML_TAGGED_TPM_PROPERTY *list = &data.data.tpmProperties;
  TPMI_YES_NO more;

  if (check (work,
             Tss2_Sys_GetCapability (work->sys, NULL, TPM2_CAP_TPM_PROPERTIES, property, 1, &more,
                                     &data, NULL),
             "TPM2_GetCapability", error)
      < 0)
    return -1;
  *value = list->count == 1 && list->tpmProperty[0].property == property
               ? list->tpmProperty[0].value
               : 0;
  return 0;
}

static int
get_facts (struct work *work, struct vtpm_error **error)
{
  struct vtpm_certificate_request *facts = &work->facts;

  facts->version = VTPM_TPM_2_0;
  if (get_property (work, TPM2_PT_MANUFACTURER, &facts->manufacturer, error) < 0
      || get_property (work, TPM2_PT_FIRMWARE_VERSION_1, &facts->firmware_version, error) < 0
      || get_property (work, TPM2_PT_LEVEL, &facts->level, error) < 0)
    return -1;
  return get_property (work, TPM2_PT_REVISION, &facts->revision, error);
}

/* Makes the key, and keeps it at its handle.  */
static int
make_key (struct work *work, enum vtpm_key_type type, TPM2B_PUBLIC *public,
          struct vtpm_error **error)
{
  const TPM2B_SENSITIVE_CREATE no_auth = { 0 };
  const TPM2B_DATA no_data = { 0 };
  const TPML_PCR_SELECTION no_pcrs = { 0 };
  TSS2L_SYS_AUTH_RESPONSE auth = { 0 };
  TPM2B_CREATION_DATA creation = { 0 };
  TPM2B_DIGEST creation_hash = { .size = sizeof (creation_hash.buffer) };
  TPM2B_NAME name = { .size = sizeof (name.name) };
  TPMT_TK_CREATION ticket;
  TPM2B_PUBLIC template;
  TPM2_HANDLE handle;

  vtpm_ek_template (type, &template);
  *public = (TPM2B_PUBLIC) { 0 };
  if (check (work,
             Tss2_Sys_CreatePrimary (work->sys, TPM2_RH_ENDORSEMENT, &empty_auth, &no_auth,
                                     &template, &no_data, &no_pcrs, &handle, public, &creation,
                                     &creation_hash, &ticket, &name, &auth),
             "TPM2_CreatePrimary", error)
      < 0)
    return -1;
  if (check (work,
             Tss2_Sys_EvictControl (work->sys, TPM2_RH_OWNER, handle, &empty_auth,
                                    vtpm_ek_place (type).key, &auth),
             "TPM2_EvictControl", error)
      < 0)
    return -1;
  return check (work, Tss2_Sys_FlushContext (work->sys, handle), "TPM2_FlushContext", error);
}

static int
certify (struct work *work, const TPM2B_PUBLIC *public, uint8_t certificate[VTPM_CERTIFICATE_MAX],
         size_t *size, struct vtpm_error **error)
{
  struct vtpm_certificate_request key = work->facts;
  uint8_t der[VTPM_PUBLIC_KEY_MAX];

  if (vtpm_public_key_encode (&public->publicArea, der, &key.key_size, error) < 0)
    return -1;
  key.key = der;
  return vtpm_manufacture_certify (work->certifier, &key, certificate, size, error);
}

static int
define_index (struct work *work, TPM2_HANDLE index, size_t size, struct vtpm_error **error)
{
  const TPM2B_AUTH no_auth = { 0 };
  const TPM2B_NV_PUBLIC definition = {
    .nvPublic = {
      .nvIndex = index,
      .nameAlg = TPM2_ALG_SHA256,
      .attributes = CERTIFICATE_ATTRIBUTES,
      .dataSize = (uint16_t) size,
    },
  };
  TSS2L_SYS_AUTH_RESPONSE auth = { 0 };

  return check (work,
                Tss2_Sys_NV_DefineSpace (work->sys, TPM2_RH_PLATFORM, &empty_auth, &no_auth,
                                         &definition, &auth),
                "TPM2_NV_DefineSpace", error);
}

static int
write_index (struct work *work, TPM2_HANDLE index, const uint8_t *data, size_t size,
             struct vtpm_error **error)
{
  for (size_t offset = 0; offset < size;)
    {
      size_t left = size - offset;
      TPM2B_MAX_NV_BUFFER part
          = { .size = (uint16_t) (left < NV_BUFFER_SIZE ? left : NV_BUFFER_SIZE) };
      TSS2L_SYS_AUTH_RESPONSE auth = { 0 };

      memcpy (part.buffer, data + offset, part.size);
      if (check (work,
                 Tss2_Sys_NV_Write (work->sys, TPM2_RH_PLATFORM, index, &empty_auth, &part,
                                    (uint16_t) offset, &auth),
                 "TPM2_NV_Write", error)
          < 0)
        return -1;
      offset += part.size;
    }
  return 0;
}

static int
keep_certificate (struct work *work, TPM2_HANDLE index, const uint8_t *data, size_t size,
                  struct vtpm_error **error)
{
  TSS2L_SYS_AUTH_RESPONSE auth = { 0 };

  if (define_index (work, index, size, error) < 0
      || write_index (work, index, data, size, error) < 0)
    return -1;
  return check (work,
                Tss2_Sys_NV_WriteLock (work->sys, TPM2_RH_PLATFORM, index, &empty_auth, &auth),
                "TPM2_NV_WriteLock", error);
}

static int
make_ek (struct work *work, enum vtpm_key_type type, struct vtpm_error **error)
{
  uint8_t certificate[VTPM_CERTIFICATE_MAX];
  TPM2B_PUBLIC public;
  size_t size;

  if (make_key (work, type, &public, error) < 0
      || certify (work, &public, certificate, &size, error) < 0
      || keep_certificate (work, vtpm_ek_place (type).certificate, certificate, size, error) < 0)
    return vtpm_error_wrap (error, "endorsement key %s", vtpm_key_type_name (type));
  return 0;
}

int
vtpm_manufacture_2_0 (struct vtpm_engine *engine, const struct vtpm_manufacture_spec *spec,
                      const struct vtpm_certifier *certifier, struct vtpm_error **error)
{
  _cleanup_engine_tcti_ struct vtpm_engine_tcti *tcti = NULL;
  struct work work = { .certifier = certifier };

  if (vtpm_engine_tcti_new (engine, &tcti, error) < 0)
    return -1;
  work.tcti = tcti;
  work.sys = vtpm_engine_tcti_sys (tcti);
  if ((spec->pcr_banks != 0 && allocate_banks (&work, spec->pcr_banks, error) < 0) || get_facts (&work, error) < 0)
    return -1;
  for (int type = 0; type < VTPM_KEY_TYPE_COUNT; type++)
    if ((spec->eks & 1U << type) != 0 && make_ek (&work, (enum vtpm_key_type) type, error) < 0)
      return -1;
  return 0;
}
