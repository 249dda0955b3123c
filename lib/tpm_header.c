/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_header.h"

#include "big_endian.h"

#define SET_LOCALITY_CODE 0x20001000u
#define SET_LOCALITY_SIZE (VTPM_TPM_HEADER_SIZE + 1)

/* Milliseconds.  */
#define ALLOWANCE_KEY 300000
#define ALLOWANCE_OTHER 2000

#define CODES_MAX 16

enum
{
  TAG_OFFSET = 0,
  SIZE_OFFSET = 2,
  CODE_OFFSET = 6,
};

/* Per family; lists of command codes end with 0.  */
static const struct
{
  uint16_t plain_tag; /* of commands without an authorisation */
  uint32_t unchanging[CODES_MAX];
  uint32_t slow[CODES_MAX];
  uint16_t response_tag;
  uint32_t refusals[VTPM_TPM_REFUSE_NV + 1];
} families[] = {
  [VTPM_TPM_2_0] = {
    .plain_tag = 0x8001, /* TPM_ST_NO_SESSIONS */
    .unchanging = { 0x169 /* NV_ReadPublic */, 0x173 /* ReadPublic */, 0x178 /* ECC_Parameters */,
                    0x17a /* GetCapability */, 0x17b /* GetRandom */, 0x17c /* GetTestResult */,
                    0x17e /* PCR_Read */, 0x181 /* ReadClock */, 0x18a /* TestParms */ },
    .slow = { 0x131 /* CreatePrimary */, 0x143 /* SelfTest */, 0x142 /* IncrementalSelfTest */,
              0x153 /* Create */, 0x191 /* CreateLoaded */, 0x126 /* Clear */,
              0x124 /* ChangeEPS */, 0x125 /* ChangePPS */ },
    .response_tag = 0x8001, /* TPM_ST_NO_SESSIONS */
    .refusals = {
      [VTPM_TPM_REFUSE_SIZE] = 0x142,
      [VTPM_TPM_REFUSE_LOCALITY] = 0x907,
      [VTPM_TPM_REFUSE_FAILURE] = 0x101,
      [VTPM_TPM_REFUSE_NV] = 0x923,
    },
  },
  [VTPM_TPM_1_2] = {
    .plain_tag = 0x00c1, /* TPM_TAG_RQU_COMMAND */
    .unchanging = { 0x15 /* PCRRead */, 0x46 /* GetRandom */, 0x54 /* GetTestResult */,
                    0x65 /* GetCapability */, 0x7c /* ReadPubek */, 0xf1 /* GetTicks */ },
    .slow = { 0x0d /* TakeOwnership */, 0x1f /* CreateWrapKey */, 0x52 /* CertifySelfTest */,
              0x50 /* SelfTestFull */, 0x53 /* ContinueSelfTest */,
              0x78 /* CreateEndorsementKeyPair */, 0x79 /* MakeIdentity */,
              0x7f /* CreateRevocableEK */, 0x29 /* DAA_Join */, 0x31 /* DAA_Sign */,
              0x13 /* CMK_CreateKey */ },
    .response_tag = 0x00c4, /* TPM_TAG_RSP_COMMAND */
    .refusals = {
      [VTPM_TPM_REFUSE_SIZE] = 0x19,
      [VTPM_TPM_REFUSE_LOCALITY] = 0x3d,
      [VTPM_TPM_REFUSE_FAILURE] = 0x9,
      [VTPM_TPM_REFUSE_NV] = 0x9,
    },
  },
};

bool
vtpm_tpm_header_read (const uint8_t *message, size_t length, struct vtpm_tpm_header *header)
{
  if (length < VTPM_TPM_HEADER_SIZE)
    return false;
  header->tag = vtpm_get_be16 (message + TAG_OFFSET);
  header->size = vtpm_get_be32 (message + SIZE_OFFSET);
  header->code = vtpm_get_be32 (message + CODE_OFFSET);
  return true;
}

void
vtpm_tpm_header_write (const struct vtpm_tpm_header *header, uint8_t message[VTPM_TPM_HEADER_SIZE])
{
  vtpm_put_be16 (message + TAG_OFFSET, header->tag);
  vtpm_put_be32 (message + SIZE_OFFSET, header->size);
  vtpm_put_be32 (message + CODE_OFFSET, header->code);
}

bool
vtpm_tpm_is_set_locality (const uint8_t *command, size_t length, uint8_t *locality)
{
  struct vtpm_tpm_header header;

  if (!vtpm_tpm_header_read (command, length, &header) || header.code != SET_LOCALITY_CODE
      || header.size != SET_LOCALITY_SIZE || length != SET_LOCALITY_SIZE)
    return false;
  *locality = command[VTPM_TPM_HEADER_SIZE];
  return true;
}

static bool
is_listed (const uint32_t codes[CODES_MAX], uint32_t code)
{
  for (size_t i = 0; i < CODES_MAX && codes[i] != 0; i++)
    if (codes[i] == code)
      return true;
  return false;
}

bool
vtpm_tpm_changes_nothing (enum vtpm_tpm_version version, const uint8_t *command, size_t length)
{
  struct vtpm_tpm_header header;

  return vtpm_tpm_header_read (command, length, &header)
         && header.tag == families[version].plain_tag
         && is_listed (families[version].unchanging, header.code);
}

uint32_t
vtpm_tpm_allowance (enum vtpm_tpm_version version, const uint8_t *command, size_t length)
{
  struct vtpm_tpm_header header;

  return vtpm_tpm_header_read (command, length, &header)
                 && is_listed (families[version].slow, header.code)
             ? ALLOWANCE_KEY
             : ALLOWANCE_OTHER;
}

static void
write_response (enum vtpm_tpm_version version, uint32_t code,
                uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  const struct vtpm_tpm_header header = {
    .tag = families[version].response_tag,
    .size = VTPM_TPM_HEADER_SIZE,
    .code = code,
  };

  vtpm_tpm_header_write (&header, response);
}

void
vtpm_tpm_success_response (enum vtpm_tpm_version version, uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  write_response (version, 0, response);
}

void
vtpm_tpm_refusal_response (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal,
                           uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  write_response (version, families[version].refusals[refusal], response);
}

uint32_t
vtpm_tpm_refusal_code (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal)
{
  return families[version].refusals[refusal];
}
