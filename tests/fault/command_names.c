/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "command_names.h"

#include <tss2/tss2_tpm2_types.h>

static const struct
{
  uint32_t code;
  const char *name;
} names[] = {
  { TPM2_CC_ContextLoad, "ContextLoad" },
  { TPM2_CC_ContextSave, "ContextSave" },
  { TPM2_CC_Create, "Create" },
  { TPM2_CC_CreatePrimary, "CreatePrimary" },
  { TPM2_CC_EvictControl, "EvictControl" },
  { TPM2_CC_FlushContext, "FlushContext" },
  { TPM2_CC_GetCapability, "GetCapability" },
  { TPM2_CC_GetRandom, "GetRandom" },
  { TPM2_CC_HashSequenceStart, "HashSequenceStart" },
  { TPM2_CC_Load, "Load" },
  { TPM2_CC_NV_DefineSpace, "NV_DefineSpace" },
  { TPM2_CC_NV_Extend, "NV_Extend" },
  { TPM2_CC_NV_Increment, "NV_Increment" },
  { TPM2_CC_NV_Read, "NV_Read" },
  { TPM2_CC_NV_ReadPublic, "NV_ReadPublic" },
  { TPM2_CC_NV_UndefineSpace, "NV_UndefineSpace" },
  { TPM2_CC_NV_Write, "NV_Write" },
  { TPM2_CC_PCR_Extend, "PCR_Extend" },
  { TPM2_CC_PCR_Read, "PCR_Read" },
  { TPM2_CC_PolicyCommandCode, "PolicyCommandCode" },
  { TPM2_CC_PolicyGetDigest, "PolicyGetDigest" },
  { TPM2_CC_PolicyPCR, "PolicyPCR" },
  { TPM2_CC_ReadClock, "ReadClock" },
  { TPM2_CC_ReadPublic, "ReadPublic" },
  { TPM2_CC_SequenceComplete, "SequenceComplete" },
  { TPM2_CC_SequenceUpdate, "SequenceUpdate" },
  { TPM2_CC_Sign, "Sign" },
  { TPM2_CC_StartAuthSession, "StartAuthSession" },
};

const char *
command_name (uint32_t code)
{
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    if (names[i].code == code)
      return names[i].name;
  return "other command";
}
